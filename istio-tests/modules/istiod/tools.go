//go:build tools

// Package tools names what is built from Istio's module, so that go.mod keeps it.
package tools

import (
	_ "istio.io/istio/pilot/cmd/pilot-agent"
	_ "istio.io/istio/pilot/cmd/pilot-discovery"
)
