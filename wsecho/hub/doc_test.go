package hub_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The program at the head of the package comment is the one that Example runs, and it compiles as it stands there.
func TestDocProgram(t *testing.T) {
	doc, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(doc.Doc.Text(), "\tpackage main\n")
	var lines []string
	for line := range strings.Lines("\tpackage main\n" + program) {
		if line != "\n" && line[0] != '\t' {
			break
		}
		lines = append(lines, strings.TrimPrefix(line, "\t"))
	}
	text := strings.TrimRight(strings.Join(lines, ""), "\n")
	_, body, _ := strings.Cut(text, "\n)\n\n")
	example, err := os.ReadFile("example_program_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(body) < 1000 || !strings.Contains(string(example), body) {
		t.Errorf("example_program_test.go does not have\n%s", body)
	}
	path := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "vet", path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Every exported function, method and type is in an example that runs, and those of Hub and Member have their own.
func TestEveryNameHasAnExample(t *testing.T) {
	examples, err := filepath.Glob("example_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, name := range examples {
		p, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(p)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range exported(f) {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%s: no example has %q", name, want)
			}
		}
	}
}

// exported returns what an example must have for what f declares.
func exported(f *ast.File) (want []string) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			switch of := receiver(d); {
			case !d.Name.IsExported():
			case of == "Hub_" || of == "Member_":
				want = append(want, "func Example"+of+d.Name.Name+"()")
			case of == "" || ast.IsExported(of):
				want = append(want, "."+d.Name.Name+"(")
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() {
						want = append(want, "hub."+s.Name.Name)
					}
				case *ast.ValueSpec:
					if s.Names[0].IsExported() {
						want = append(want, "hub."+s.Names[0].Name)
					}
				}
			}
		}
	}
	return want
}

// receiver returns the name of a method's type with an underscore; of a function, nothing.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	typ := d.Recv.List[0].Type
	if p, ok := typ.(*ast.StarExpr); ok {
		typ = p.X
	}
	return typ.(*ast.Ident).Name + "_"
}
