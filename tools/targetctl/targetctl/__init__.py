# SPDX-License-Identifier: GPL-2.0-only
"""targetctl: shell and one-shot tool over the configfs tree of cst, the ConfigFS SCSI Target."""

__version__ = "0.1.0"
