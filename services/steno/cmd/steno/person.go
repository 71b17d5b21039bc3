package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"
)

// loginFile is where the login is kept; empty where there is no place for it.
func loginFile() string {
	folder, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(folder, "stenomesh", "login.json")
}

// readPassword asks a person without showing what is typed, or reads the first line of
// the standard input.
func readPassword(prompt string) (string, error) {
	if terminal := int(os.Stdin.Fd()); term.IsTerminal(terminal) {
		fmt.Fprint(os.Stderr, prompt)
		password, err := term.ReadPassword(terminal)
		fmt.Fprintln(os.Stderr) // the line end of the person was not shown either
		return string(password), err
	}
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}
