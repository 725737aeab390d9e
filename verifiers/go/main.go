// Runs the verifier over test points, vectors and files: `ed25519`, `vectors`, `contents` or `verify`; see ../README.md.

package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case "ed25519":
		answerLines(answerPoint)
	case "vectors":
		answerLines(answerVector)
	case "contents":
		answerLines(answerContents)
	case "verify":
		os.Exit(verifyFile(os.Args[2:]))
	default:
		os.Exit(usage())
	}
}

func usage() int {
	fmt.Fprintln(os.Stderr, "usage: conformance ed25519 | vectors | contents | verify --root PUB… [--threshold N] FILE")
	return 2
}

func answerLines(answer func(string) string) {
	lines, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		fmt.Fprintln(out, answer(lines.Text()))
	}
	out.Flush()
}

func answerPoint(line string) string {
	words, parts := strings.Fields(line), [][]byte{}
	for _, word := range words {
		part, err := hex.DecodeString(strings.TrimPrefix(word, "-"))
		if err != nil {
			return "no"
		}
		parts = append(parts, part)
	}
	if len(parts) == 3 && verifySignature(parts[0], parts[1], parts[2]) {
		return "ok"
	}
	return "no"
}

func verifyFile(words []string) int {
	roots, files, threshold, taking := []string{}, []string{}, "1", false
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == "--root":
			taking = true
		case word == "--threshold" && i+1 < len(words):
			i++
			threshold, taking = words[i], false
		case taking && len(word) == 44 && strings.HasSuffix(word, "="):
			roots = append(roots, word)
		default:
			files, taking = append(files, word), false
		}
	}
	number, err := strconv.ParseUint(threshold, 10, 16)
	if err != nil || len(roots) == 0 || len(files) != 1 {
		return usage()
	}
	id := ""
	code := attempt(func() {
		pinned := pins{threshold: int64(number)}
		for _, root := range roots {
			pinned.keys = append(pinned.keys, publicKey(root))
		}
		id = judgeFile(pinned, files[0], time.Now().Unix())
	})
	if code != "" {
		fmt.Println(code)
		return 1
	}
	fmt.Println("ok", id)
	return 0
}
