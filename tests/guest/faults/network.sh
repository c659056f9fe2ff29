# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A network between initiator and target that can be disturbed.  The kernel's initiator
# works only in the first network namespace, and the target is there, too.  The packets
# between them pass a second namespace, a router:
#
#   initiator 10.9.0.1 --- 10.9.0.2 router 10.9.1.2 --- 10.9.1.1 target
#
# The initiator connects to the router's 10.9.0.2:3260.  The router rewrites the headers,
# without state: the destination becomes the target's address, the source its own.

ns=cst-router

need_network() {
	need_module cst_vdisk cst_iscsi iscsi_tcp veth nf_tables sch_netem sch_tbf &&
		need_cmd cst-iscsid fio ip tc nft ss
}

in_router() {
	ip netns exec $ns "$@"
}

network_up() {
	network_down
	# The initiator must log out while the network still works.
	trap 'initiator_cleanup || :; network_down' EXIT
	ip netns add $ns
	ip link add ini type veth peer name to-ini netns $ns
	ip link add tgt type veth peer name to-tgt netns $ns
	ip addr add 10.9.0.1/24 dev ini
	ip addr add 10.9.1.1/24 dev tgt
	in_router ip addr add 10.9.0.2/24 dev to-ini
	in_router ip addr add 10.9.1.2/24 dev to-tgt
	ip link set ini up
	ip link set tgt up
	in_router ip link set lo up
	in_router ip link set to-ini up
	in_router ip link set to-tgt up
	in_router sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.to-ini.send_redirects=0
	in_router nft -f - <<-'NFT'
	table ip way {
		chain to {
			type filter hook prerouting priority -300;
			iifname "to-ini" tcp dport 3260 ip daddr set 10.9.1.1
			iifname "to-tgt" tcp sport 3260 ip daddr set 10.9.0.1
		}
		chain from {
			type filter hook postrouting priority 300;
			oifname "to-tgt" tcp dport 3260 ip saddr set 10.9.1.2
			oifname "to-ini" tcp sport 3260 ip saddr set 10.9.0.2
		}
		chain cut {
			type filter hook forward priority 0;
		}
	}
	NFT
	wait_for 10 refuses 10.9.1.1 in_router
	wait_for 10 refuses 10.9.0.2
}

# refuses ADDRESS [COMMAND]: whether ADDRESS refuses a connection, which shows that packets pass
refuses() {
	[[ $("${@:2}" timeout 2 bash -c "exec 3<>/dev/tcp/$1/1" 2>&1) == *refused* ]]
}

# Removes the whole network.
network_down() {
	[ ! -e /sys/class/net/ini ] || ip link del ini
	[ ! -e /sys/class/net/tgt ] || ip link del tgt
	[ ! -e /run/netns/$ns ] || ip netns del $ns
}

# netem RULE...: disturbs packets in both directions; without an argument ends that
netem() {
	local dev
	for dev in to-ini to-tgt; do
		in_router tc qdisc del dev $dev root 2>/dev/null || :
		[ $# = 0 ] || in_router tc qdisc add dev $dev root "$@"
	done
}

# cut VERDICT: drops or rejects packets to and from the target's port; without VERDICT ends that
cut() {
	in_router nft flush chain ip way cut
	[ $# = 0 ] || in_router nft add rule ip way cut meta l4proto tcp "$@"
}

# Logs in with time limits that are short enough for a test, and longer than every cut.
network_login() {
	iscsi_login "$1" 10.9.0.2:3260 node.conn[0].timeo.noop_out_interval=1 \
		node.conn[0].timeo.noop_out_timeout=2 node.session.timeo.replacement_timeout=90 \
		"${@:2}"
}

# given_up IQN: whether the initiator takes its connection for lost
given_up() {
	[ "$(cat "$(iscsi_session "$1")/state")" = FAILED ]
}

# verify_during IQN DISK COMMAND...: runs a command that disturbs the network while fio
# verifies; the initiator must lose its connection and nothing else
verify_during() {
	local iqn=$1 disk=$2 before round
	shift 2
	fio_load_verified "$disk" --size=8m
	for ((round = 0; round < ${CST_ROUNDS:-1}; round++)); do
		before=$(iscsi_peer "$iqn")
		equal "$(wc -l <<<"$before")" 1 "connections before: $*"
		"$@"
		(wait_for 60 iscsi_peer_is_new "$iqn" "$before") || fail "the connection has outlived: $*"
		(fio_load_goes_on "$disk") || fail "no I/O after: $*"
		# The target has removed the session that was cut off.
		wait_for 60 one_session "iscsi/$iqn"
	done
	fio_load_stop
}

# one_session TARGET: whether the session in use is the only one
one_session() {
	[ "$(find "$cst/targets/$1/sessions" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ]
}
