/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps intervals in a list: the answers are those of the tree, only slower. */
#include CST_SHIM

#define INTERVAL_TREE_DEFINE(T, RB, TYPE, SUBTREE, START, LAST, STATIC, PREFIX)	\
STATIC void PREFIX ## _insert(T *node, struct rb_root_cached *root)	\
{									\
	node->RB.left = root->rb_root.rb_node;				\
	root->rb_root.rb_node = &node->RB;				\
}									\
									\
STATIC void PREFIX ## _remove(T *node, struct rb_root_cached *root)	\
{									\
	struct rb_node **p = &root->rb_root.rb_node;			\
									\
	while (*p != &node->RB)						\
		p = &(*p)->left;					\
	*p = node->RB.left;						\
}									\
									\
STATIC T *PREFIX ## _from(struct rb_node *p, TYPE start, TYPE last)	\
{									\
	for (; p; p = p->left) {					\
		T *node = container_of(p, T, RB);			\
									\
		if (START(node) <= last && start <= LAST(node))		\
			return node;					\
	}								\
	return NULL;							\
}									\
									\
STATIC T *PREFIX ## _iter_first(struct rb_root_cached *root, TYPE start, TYPE last) \
{									\
	return PREFIX ## _from(root->rb_root.rb_node, start, last);	\
}									\
									\
STATIC T *PREFIX ## _iter_next(T *node, TYPE start, TYPE last)		\
{									\
	return PREFIX ## _from(node->RB.left, start, last);		\
}
