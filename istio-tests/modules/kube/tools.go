//go:build tools

// Package tools names what is built from the modules of Kubernetes and etcd, so that go.mod keeps it.
package tools

import (
	_ "go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
