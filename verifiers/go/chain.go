// From pinned roots to a license (spec/keys.md §4): every level by the same function, and no other way.

package main

import "bytes"

const (
	day            = 86_400
	rootStatements = 1_024
)

// pins are the root keys that a program or a person trusts from the start; a person knows no version.
type pins struct {
	keys      [][]byte
	threshold int64
	version   *int64
}

// chainBytes are the statements of a chain as they were received.
type chainBytes struct {
	roots                [][]byte
	keyset, tenantKeyset []byte
}

type verified struct {
	statement
	id string
}

// verify: spec/envelope.md §5, signers are counted, not signatures; then the payload is read, once.
func verify(kind string, claim carrier, keys [][]byte, threshold int64) verified {
	message, signers := claim.signedBytes(), int64(0)
	for _, key := range keys {
		for _, signature := range claim.signatures {
			if verifySignature(key, message, signature) {
				signers++
				break
			}
		}
	}
	demand(signers > 0, "signature_invalid")
	demand(signers >= threshold, "threshold_not_met")
	return verified{readStatement(kind, claim.payload, claim.attachments), claim.id()}
}

// verifyChain returns the last root statement, keyset and tenant keyset.
func verifyChain(pinned pins, chain chainBytes, tenant *string, now int64) (root, keyset, tenantKeyset verified) {
	root, seen := follow(pinned, chain.roots, now)
	keyset = verify("keyset", claimOf("keyset", chain.keyset), root.rootKeys, root.threshold)
	keyset.checkWindow("keyset", now)
	for _, record := range keyset.records {
		seen = admitted(seen, record.key)
	}
	claim := claimOf("tenant-keyset", chain.tenantKeyset)
	tenantKeyset = verify("tenant-keyset", claim, keyset.signers("authority"), 1)
	demand(tenant == nil || tenantKeyset.tenant == *tenant, "wrong_tenant")
	tenantKeyset.checkWindow("keyset", now)
	for _, record := range tenantKeyset.records {
		seen = admitted(seen, record.key)
	}
	return root, keyset, tenantKeyset
}

// verifyLicense: spec/license.md §2.14, §2.2, §2.1. Who says policiesEnforced must enforce §2.13.
func verifyLicense(tenantKeyset verified, data []byte, app *string, can policies) verified {
	license := verify("license", claimOf("license", data), tenantKeyset.signers("issuer"), 1)
	demand(can == policiesEnforced || license.policy == nil, "crit_unknown")
	demand(license.tenant == tenantKeyset.tenant, "wrong_tenant")
	demand(app == nil || license.app == *app, "wrong_app")
	return license
}

// follow: §4.2, the last root statement, and every root key on the way.
func follow(pinned pins, roots [][]byte, now int64) (verified, [][]byte) {
	demand(pinned.threshold > 0, "config_invalid")
	var seen [][]byte
	for _, key := range pinned.keys {
		seen = admitted(seen, key)
	}
	demand(len(roots) <= rootStatements, "chain_too_long")
	var last *verified
	for _, data := range roots {
		claim := claimOf("root", data)
		// Only a choice of where to begin, and of a code: nothing of it is believed yet.
		claimed := readStatement("root", claim.payload, nil)
		if last != nil {
			next := nextRoot(*last, claim, claimed, seen)
			last, seen = &next, withNew(seen, next.rootKeys)
		} else if pinned.areClaimedBy(claimed) {
			first := verify("root", claim, pinned.keys, pinned.threshold)
			last = &first
		}
	}
	demand(last != nil, "root_unknown")
	last.checkWindow("root", now)
	return *last, seen
}

func (p pins) areClaimedBy(claimed statement) bool {
	for _, key := range p.keys {
		if !includes(claimed.rootKeys, key) {
			return false
		}
	}
	sameSet := len(claimed.rootKeys) == len(p.keys) && claimed.threshold == p.threshold
	return sameSet && (p.version == nil || *p.version == claimed.version)
}

func nextRoot(last verified, claim carrier, claimed statement, seen [][]byte) verified {
	step := claimed.version - last.version
	demand(step != 0 || claim.id() == last.id, "equivocation")
	demand(step > 0, "version_rollback")
	demand(step == 1, "version_gap")
	keys := verify("root", claim, last.rootKeys, last.threshold).rootKeys
	for i, key := range keys {
		known := keys[:i]
		if includes(seen, key) && !includes(last.rootKeys, key) {
			known = seen
		}
		admitted(known, key)
	}
	return verify("root", claim, keys, claimed.threshold)
}

func claimOf(kind string, data []byte) carrier {
	var claim carrier
	if kind == "license" {
		claim = decodeCarrier(data)
	} else {
		claim.envelope = decodeEnvelope(data)
	}
	demand(claim.payloadType == "application/vnd.sealgate."+kind+".v1+json", "kind_unexpected")
	return claim
}

// signers: §4.4.
func (s statement) signers(use string) (keys [][]byte) {
	for _, record := range s.records {
		if record.use == use && record.state != "revoked" {
			keys = append(keys, record.key)
		}
	}
	return keys
}

// admitted: §2.1, §2.3, every key is sound and stands once.
func admitted(seen [][]byte, key []byte) [][]byte {
	checkKey(key)
	demand(!includes(seen, key), "key_duplicate")
	return append(append([][]byte{}, seen...), key)
}

func withNew(seen, keys [][]byte) [][]byte {
	for _, key := range keys {
		if !includes(seen, key) {
			seen = append(seen, key)
		}
	}
	return seen
}

func includes(keys [][]byte, key []byte) bool {
	for _, other := range keys {
		if bytes.Equal(other, key) {
			return true
		}
	}
	return false
}

// checkWindow: §4.3, a day's tolerance at the start, none at the end.
func (s statement) checkWindow(whose string, now int64) {
	demand(now+day >= s.issuedAt, whose+"_not_yet_valid")
	demand(now < s.expiresAt, whose+"_expired")
}
