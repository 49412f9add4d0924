package metrics_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/wsecho/example/metrics"
	"example.com/wsecho/wsecho"
)

// datasource is how a dashboard refers to where its figures are.
type datasource struct{ Type, UID string }

// dashboard is what Grafana reads of dashboard.json, as far as this one goes.
type dashboard struct {
	UID           string
	Title         string
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name, Type string
			Query      any
			Datasource datasource
		}
	}
	Panels []struct {
		ID         int
		Type       string
		Title      string
		Datasource datasource
		GridPos    struct{ X, Y, W, H int }
		Targets    []struct {
			RefID, Expr string
			Datasource  datasource
		}
	}
}

// readDashboard parses dashboard.json.
func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	b, err := os.ReadFile("dashboard.json")
	if err == nil {
		err = json.Unmarshal(b, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDashboardImports checks what Grafana asks of a dashboard that it imports: a uid of at most 40 characters, a
// title, a schema version, panels with ids of their own on a grid 24 wide that do not overlap, targets with a refId of their own, and
// data sources that the dashboard's variables name.
func TestDashboardImports(t *testing.T) {
	d := readDashboard(t)
	if !regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`).MatchString(d.UID) || d.Title == "" || d.SchemaVersion < 36 || len(d.Panels) == 0 {
		t.Errorf("uid %q, title %q, schema version %d, %d panels", d.UID, d.Title, d.SchemaVersion, len(d.Panels))
	}
	variables := map[string]string{}
	sources := []datasource{}
	for _, v := range d.Templating.List {
		variables[v.Name] = v.Type
		if v.Type != "datasource" {
			sources = append(sources, v.Datasource)
		} else if v.Query != "prometheus" {
			t.Errorf("the data source is a %v", v.Query)
		}
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if p.ID <= 0 || ids[p.ID] || p.Type == "" || p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x < 0 || x >= 24 || y < 0 {
					t.Fatalf("%s lies over %q at %d, %d", p.Title, other, x, y)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		sources = append(sources, p.Datasource)
		refs := map[string]bool{}
		for _, target := range p.Targets {
			if target.RefID == "" || refs[target.RefID] || strings.Count(target.Expr, "(") != strings.Count(target.Expr, ")") {
				t.Errorf("%s: target %+v", p.Title, target)
			}
			refs[target.RefID] = true
			sources = append(sources, target.Datasource)
			for _, v := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if variables[v[1]] == "" && v[1] != "__rate_interval" { // Grafana's own
					t.Errorf("%s: no variable %s", p.Title, v[0])
				}
			}
		}
	}
	for _, s := range sources {
		if s.Type != "prometheus" || variables[strings.Trim(s.UID, "${}")] != "datasource" {
			t.Errorf("data source %+v", s)
		}
	}
}

// TestDashboardShows checks that every metric the dashboard names is exported, with the labels that it asks for, and
// that it shows every one that is.
func TestDashboardShows(t *testing.T) {
	sizes, onMessage := metrics.PrometheusSizes(nil)
	reg := prometheus.NewRegistry()
	reg.MustRegister(sizes, metrics.Prometheus(busy(t, &wsecho.Handler{OnMessage: onMessage})))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	exported := map[string][]string{} // the labels of each metric
	for _, f := range families {
		name, labels := f.GetName(), []string{"job"} // which Prometheus adds
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		if f.GetMetric()[0].GetHistogram() != nil {
			name, labels = name+"_bucket", append(labels, "le")
		}
		exported[name] = labels
	}
	shown := map[string]bool{}
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			name := regexp.MustCompile(`wsecho_\w+`).FindString(target.Expr)
			shown[name] = true
			if exported[name] == nil {
				t.Errorf("%s: %q is not exported", p.Title, name)
			}
			for _, by := range regexp.MustCompile(`by \((\w+)\)|\{(\w+)=`).FindAllStringSubmatch(target.Expr, -1) {
				if label := by[1] + by[2]; !slices.Contains(exported[name], label) {
					t.Errorf("%s: %s has no label %q", p.Title, name, label)
				}
			}
		}
	}
	for name := range maps.Keys(exported) {
		if !shown[name] {
			t.Errorf("%s is shown nowhere", name)
		}
	}
}
