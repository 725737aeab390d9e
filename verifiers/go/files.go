// Judges a file by roots that a person typed (spec/keys.md §6.2).

package main

import (
	"errors"
	"os"
)

// judgeFile verifies the file as far as its own level, and returns its id.
func judgeFile(pinned pins, file string, now int64) string {
	artifact, err := os.ReadFile(file)
	demand(err == nil, "file_unreadable")
	kind := kindOf(decodeCarrier(artifact).payloadType)
	demand(kind != "", "kind_unexpected")
	courier, there := readTrust(file + ".trust")
	if kind == "root" {
		root, _ := follow(pinned, append(courier.roots, artifact), now)
		return root.id
	}
	demand(there, "trust_missing")
	switch kind {
	case "keyset":
		courier.keyset = artifact
	case "tenant-keyset":
		courier.tenantKeyset = artifact
	}
	_, keyset, tenantKeyset := verifyChain(pinned, courier, nil, now)
	switch kind {
	case "keyset":
		return keyset.id
	case "tenant-keyset":
		return tenantKeyset.id
	}
	license := verifyLicense(tenantKeyset, artifact, nil, policiesRefused)
	license.inForce(now)
	return license.id
}

func kindOf(payloadType string) string {
	for kind := range kinds {
		if payloadType == "application/vnd.sealgate."+kind+".v1+json" {
			return kind
		}
	}
	return ""
}

// readTrust reads a courier. Of what it pins nothing is taken.
func readTrust(file string) (chain chainBytes, there bool) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return chain, false
	}
	demand(err == nil, "file_unreadable")
	return readTrustFile(text).chain, true
}
