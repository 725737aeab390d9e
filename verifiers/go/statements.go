// Payloads of the kinds this verifier knows (spec/envelope.md §3, §6; spec/keys.md §5; spec/license.md §1).

package main

import "regexp"

const (
	lastSecond   = 253_402_300_799
	fieldInvalid = "field_invalid"
)

var (
	identifier = regexp.MustCompile(`\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z`)
	fieldName  = regexp.MustCompile(`\A[a-z0-9_]{1,64}\z`)
	digest     = regexp.MustCompile(`\A[0-9a-f]{64}\z`)
	uses       = []string{"root", "authority", "server", "issuer", "activation", "update", "snapshot", "log", "app"}
	kinds      = map[string]func(fields, *statement){
		"root": takeRoot, "keyset": takeKeyset, "tenant-keyset": takeTenantKeyset, "license": takeLicense,
	}
)

// statement holds what verification asks of any kind.
type statement struct {
	version, issuedAt, expiresAt int64
	threshold                    int64
	rootKeys                     [][]byte
	records                      []keyRecord
	tenant, app                  string
	notBefore                    int64
	neverExpires                 bool
	terms
	conditions
	attachments [][]byte
}

type keyRecord struct {
	use, state string
	key        []byte
}

// readStatement: §3.6, the payload of a statement of this kind, and the attachments it names.
func readStatement(kind string, payload []byte, attachments [][]byte) statement {
	members := fieldsOf(parseJSON(payload))
	demand(members.text("typ") == kind, "kind_unexpected")
	read := statement{attachments: append([][]byte{}, attachments...)}
	kinds[kind](members, &read)
	read.judgeCritical(members, kind == "license")
	members.finish()
	demand(len(read.attachments) == 0, "attachment_unexpected")
	return read
}

// judgeCritical: spec/license.md §2.14, `crit` names `policy` once where there is a policy, and nowhere else.
func (s statement) judgeCritical(f fields, knowsPolicy bool) {
	critical := f.extensions(names{"policy": knowsPolicy})
	if s.policy == nil {
		demand(len(critical) == 0, fieldInvalid)
	} else {
		demand(len(critical) == 1, fieldInvalid)
	}
}

// inForce: spec/license.md §4, as far as a file can tell.
func (s statement) inForce(now int64) {
	demand(now >= s.notBefore, "not_yet_valid")
	demand(s.neverExpires || now < s.expiresAt, "expired")
	demand(s.trialDays == 0, "trial_not_begun")
}

func publicKey(text string) []byte {
	key := decodeBase64(text, "key_malformed")
	demand(len(key) == 32, "key_malformed")
	return key
}

func takeRoot(f fields, s *statement) {
	s.version = f.count("version")
	demand(s.version > 0, fieldInvalid)
	s.issuedAt, s.expiresAt = f.time("issued_at"), f.time("expires_at")
	s.threshold = f.count("threshold")
	for _, entry := range f.list("keys", 12) {
		s.rootKeys = append(s.rootKeys, publicKey(textOf(entry, fieldInvalid)))
	}
	demand(s.threshold >= 1 && s.threshold <= int64(len(s.rootKeys)), fieldInvalid)
}

func takeKeyset(f fields, s *statement) {
	takeDatedKeys(f, s, 12)
}

func takeTenantKeyset(f fields, s *statement) {
	s.tenant = f.matching("tenant", identifier)
	takeDatedKeys(f, s, 16)
}

func takeDatedKeys(f fields, s *statement, most int) {
	s.version = f.count("version")
	s.issuedAt, s.expiresAt = f.time("issued_at"), f.time("expires_at")
	for _, entry := range f.list("keys", most) {
		s.records = append(s.records, takeKeyRecord(fieldsOf(entry)))
	}
}

func takeKeyRecord(f fields) (record keyRecord) {
	f.oneOf("alg", "ed25519")
	record.use = f.oneOf("use", uses...)
	record.key = publicKey(f.text("public_key"))
	record.state = f.oneOf("state", "active", "retired", "revoked")
	f.finish()
	return record
}

func takeLicense(f fields, s *statement) {
	s.tenant, s.app = f.matching("tenant", identifier), f.matching("app", identifier)
	f.matching("license", identifier)
	s.version = f.count("version")
	s.issuedAt, s.notBefore = f.time("issued_at"), f.time("not_before")
	if s.neverExpires = f.isNull("expires_at"); !s.neverExpires {
		s.expiresAt = f.time("expires_at")
	}
	f.oneOf("tier", "free", "licensed", "enterprise")
	s.takeFeatures(f.take("features"))
	if !f.isNull("max_devices") {
		devices := f.count("max_devices")
		demand(devices >= 1 && devices <= 1_000_000, fieldInvalid)
	}
	s.takeOptional(f)
	s.takeConditions(f)
	demand(s.neverExpires || s.expiresAt > s.notBefore, fieldInvalid)
}

// takeFeatures: spec/envelope.md §6.4, a few stand in the payload, many in an attachment.
func (s *statement) takeFeatures(value any) {
	if reference, isAttached := value.(object); isAttached {
		s.features = featuresOf(parseJSON(s.attached(fieldsOf(reference))), 33, 128)
	} else {
		s.features = featuresOf(value, 0, 32)
	}
}

// attached: §6.3, hashed before it is read.
func (s *statement) attached(reference fields) []byte {
	length := reference.count("length")
	demand(length >= 1 && length <= attachmentBytes, fieldInvalid)
	hash := reference.matching("sha256", digest)
	reference.finish()
	for i, data := range s.attachments {
		if int64(len(data)) == length && sha256Hex(data) == hash {
			s.attachments = append(s.attachments[:i], s.attachments[i+1:]...)
			return data
		}
	}
	panic(refused("attachment_missing"))
}
