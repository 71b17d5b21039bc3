// Package config reads settings: flags first, then environment variables, then
// defaults. Each setting has one flag, -<service>.<setting>, and one variable,
// STENOMESH_<SERVICE>_<SETTING>, alike in one process and in many.
package config

import (
	"errors"
	"flag"
	"fmt"
	"strings"
)

// Parse reads args into the flags of fs, then the variables of those flags that
// args left alone, under any name of the same setting. lookup is os.LookupEnv.
// flag.ErrHelp is returned as it is. No flag may be one of fs.Func, whose values
// cannot be told apart.
func Parse(fs *flag.FlagSet, args []string, lookup func(string) (string, bool)) error {
	if err := fs.Parse(args); err != nil {
		return err
	}
	// Two flags may set one thing, a short one and its long one: what counts is
	// where the value goes.
	given := map[flag.Value]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Value] = true })
	var problems []error
	fs.VisitAll(func(f *flag.Flag) {
		value, ok := lookup(EnvName(f.Name))
		if !ok || given[f.Value] {
			return
		}
		if err := fs.Set(f.Name, value); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", EnvName(f.Name), err))
		}
	})
	return errors.Join(problems...)
}

// EnvName returns the variable of a flag: "history.store-url" is
// "STENOMESH_HISTORY_STORE_URL".
func EnvName(flagName string) string {
	return "STENOMESH_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(flagName))
}
