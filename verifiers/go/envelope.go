// DSSE envelopes, bare or with attachments (spec/envelope.md §1, §6). Decoding believes nothing.

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

const (
	envelopeBytes   = 16_384
	carrierBytes    = 1_500_000
	payloadBytes    = 3_800
	attachmentBytes = 262_144
	keyidBytes      = 64
	envelopeInvalid = "envelope_invalid"
	tooLarge        = "artifact_too_large"
)

type envelope struct {
	payloadType string
	payload     []byte
	signatures  [][]byte
}

// carrier is an envelope and the attachments that came with it.
type carrier struct {
	envelope
	attachments [][]byte
}

func decodeEnvelope(data []byte) envelope {
	demand(len(data) <= envelopeBytes, tooLarge)
	return envelopeOf(parseJSON(data))
}

// decodeCarrier: §6.2, an object that has a field `statement` carries attachments, everything else is a bare envelope.
func decodeCarrier(data []byte) carrier {
	demand(len(data) <= carrierBytes, tooLarge)
	value := parseJSON(data)
	members, isObject := value.(object)
	if _, carries := members["statement"]; !isObject || !carries {
		demand(len(data) <= envelopeBytes, tooLarge)
		return carrier{envelope: envelopeOf(value)}
	}
	exactly(members, envelopeInvalid, "statement", "attachments")
	list, isList := members["attachments"].([]any)
	demand(isList && len(list) >= 1 && len(list) <= 4, envelopeInvalid)
	texts := make([]string, len(list))
	for i, entry := range list {
		texts[i] = textOf(entry, envelopeInvalid)
	}
	decoded := carrier{envelope: envelopeOf(members["statement"])}
	for _, text := range texts {
		data := decodeBase64(text, "base64_invalid")
		demand(len(data) <= attachmentBytes, tooLarge)
		decoded.attachments = append(decoded.attachments, data)
	}
	return decoded
}

// decodeBase64: §1.3, standard alphabet, padded, in its only spelling. Go's decoder skips line breaks by itself.
func decodeBase64(text, code string) []byte {
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	demand(err == nil && base64.StdEncoding.EncodeToString(data) == text, code)
	return data
}

// signedBytes: §1.5, DSSE's pre-authentication encoding.
func (e envelope) signedBytes() []byte {
	head := fmt.Sprintf("DSSEv1 %d %s %d ", len(e.payloadType), e.payloadType, len(e.payload))
	return append([]byte(head), e.payload...)
}

// id: §2.3.
func (e envelope) id() string {
	return sha256Hex(e.signedBytes())
}

func sha256Hex(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

func envelopeOf(value any) envelope {
	members, isObject := value.(object)
	demand(isObject, envelopeInvalid)
	exactly(members, envelopeInvalid, "payloadType", "payload", "signatures")
	payloadType := textOf(members["payloadType"], envelopeInvalid)
	payload := decodeBase64(textOf(members["payload"], envelopeInvalid), "base64_invalid")
	demand(len(payload) <= payloadBytes, tooLarge)
	entries, isList := members["signatures"].([]any)
	demand(isList && len(entries) >= 1 && len(entries) <= 24, envelopeInvalid)
	decoded := envelope{payloadType: payloadType, payload: payload}
	for _, entry := range entries {
		decoded.signatures = append(decoded.signatures, signatureOf(entry))
	}
	return decoded
}

func signatureOf(entry any) []byte {
	members, isObject := entry.(object)
	demand(isObject, envelopeInvalid)
	exactly(members, envelopeInvalid, "keyid", "sig")
	keyid, sig := textOf(members["keyid"], envelopeInvalid), textOf(members["sig"], envelopeInvalid)
	demand(len(keyid) <= keyidBytes, tooLarge)
	return decodeBase64(sig, "base64_invalid")
}

// exactly demands these members and no others.
func exactly(members object, code string, names ...string) {
	demand(len(members) == len(names), code)
	for _, name := range names {
		_, there := members[name]
		demand(there, code)
	}
}

func textOf(value any, code string) string {
	text, isText := value.(string)
	demand(isText, code)
	return text
}
