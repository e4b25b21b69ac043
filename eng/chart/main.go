// Renders the Helm chart without Helm, for machines that have Go and Debian's packages only.
//
// It is Helm's own template language: text/template with sprig, values merged and checked against values.schema.json as Helm does, and objects in the order in which Helm installs them. It knows what
// this repository's chart uses: no dependencies, no hooks, no lookups, no post-renderers.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"github.com/xeipuuv/gojsonschema"
	"sigs.k8s.io/yaml"
)

type values = map[string]interface{}

type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// Helm's order of installation, as far as the chart has such kinds.
var order = []string{
	"NetworkPolicy", "PodDisruptionBudget", "ServiceAccount", "Secret", "ConfigMap", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Service", "DaemonSet", "Deployment",
}

// What .Files offers to a template.
type files struct{ root string }

func (f files) Get(name string) string {
	content, err := os.ReadFile(filepath.Join(f.root, name))
	if err != nil {
		return "" // as Helm does
	}
	return string(content)
}

// What .Capabilities.APIVersions offers.
type apiVersions []string

func (a apiVersions) Has(version string) bool {
	for _, one := range a {
		if one == version {
			return true
		}
	}
	return false
}

func main() {
	var valueFiles, sets, apis list
	release := flag.String("release", "piraeus-ha-controller", "name of the release")
	namespace := flag.String("namespace", "default", "namespace of the release")
	kubeVersion := flag.String("kube-version", "v1.31.0", "version of Kubernetes")
	notes := flag.Bool("notes", false, "print what Helm says after an installation instead of the manifests")
	flag.Var(&valueFiles, "values", "file with values; may be repeated")
	flag.Var(&sets, "set", "PATH=VALUE; VALUE is YAML; may be repeated")
	flag.Var(&apis, "api-version", "group/version that the cluster serves; may be repeated")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "chart: give the folder of the chart")
		os.Exit(2)
	}

	printed, err := render(flag.Arg(0), *notes, *release, *namespace, *kubeVersion, valueFiles, sets, apiVersions(apis))
	if err != nil {
		fmt.Fprintf(os.Stderr, "chart: %v\n", err)
		os.Exit(1)
	}
	fmt.Print(printed)
}

func render(root string, notes bool, release, namespace, kubeVersion string, valueFiles, sets list, apis apiVersions) (string, error) {
	chart, err := readYaml(filepath.Join(root, "Chart.yaml"))
	if err != nil {
		return "", err
	}
	given, err := valuesOf(root, valueFiles, sets)
	if err != nil {
		return "", err
	}
	if err := check(root, given); err != nil {
		return "", err
	}

	templates := template.New("chart").Option("missingkey=zero")
	templates.Funcs(functions(templates))
	paths, _ := filepath.Glob(filepath.Join(root, "templates", "*"))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		if _, err := templates.New(filepath.Base(path)).Parse(string(text)); err != nil {
			return "", err
		}
	}

	data := values{
		"Values":       given,
		"Chart":        values{"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]},
		"Release":      values{"Name": release, "Namespace": namespace, "Service": "Helm", "IsInstall": true, "Revision": 1},
		"Capabilities": values{"APIVersions": apis, "KubeVersion": values{"Version": kubeVersion, "GitVersion": kubeVersion}},
		"Files":        files{root},
		"Template":     values{"BasePath": "templates"},
	}
	if notes {
		var out bytes.Buffer
		err := templates.ExecuteTemplate(&out, "NOTES.txt", data)
		return out.String(), err
	}

	objects := map[string][]string{}
	for _, path := range paths {
		if filepath.Ext(path) != ".yaml" {
			continue
		}
		var out bytes.Buffer
		if err := templates.ExecuteTemplate(&out, filepath.Base(path), data); err != nil {
			return "", err
		}
		for _, document := range strings.Split("\n"+strings.ReplaceAll(out.String(), "<no value>", ""), "\n---") {
			var object struct{ Kind string }
			if err := yaml.Unmarshal([]byte(document), &object); err != nil {
				return "", fmt.Errorf("%s is no YAML: %v", filepath.Base(path), err)
			}
			if object.Kind != "" {
				objects[object.Kind] = append(objects[object.Kind], strings.Trim(document, "\n"))
			}
		}
	}

	var kinds []string
	for kind := range objects {
		kinds = append(kinds, kind)
	}
	sort.Slice(kinds, func(i, j int) bool {
		if one, other := place(kinds[i]), place(kinds[j]); one != other {
			return one < other
		}
		return kinds[i] < kinds[j]
	})
	var all []string
	for _, kind := range kinds {
		all = append(all, objects[kind]...)
	}
	return strings.Join(all, "\n---\n") + "\n", nil
}

func place(kind string) int {
	for i, one := range order {
		if one == kind {
			return i
		}
	}
	return len(order)
}

func valuesOf(root string, valueFiles, sets list) (values, error) {
	merged, err := readYaml(filepath.Join(root, "values.yaml"))
	if err != nil {
		return nil, err
	}
	for _, file := range valueFiles {
		more, err := readYaml(file)
		if err != nil {
			return nil, err
		}
		merge(merged, more)
	}
	for _, set := range sets {
		path, text, found := strings.Cut(set, "=")
		if !found {
			return nil, fmt.Errorf("--set %s: it must be PATH=VALUE", set)
		}
		var value interface{}
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			return nil, fmt.Errorf("--set %s: %v", set, err)
		}
		keys := strings.Split(path, ".")
		for i := len(keys) - 1; i >= 0; i-- {
			value = values{keys[i]: value}
		}
		merge(merged, value.(values))
	}
	return merged, nil
}

// As Helm merges: tables key by key, everything else as a whole; null removes a key.
func merge(into, from values) {
	for key, value := range from {
		inner, isTable := value.(values)
		outer, wasTable := into[key].(values)
		switch {
		case value == nil:
			delete(into, key)
		case isTable && wasTable:
			merge(outer, inner)
		default:
			into[key] = value
		}
	}
}

func check(root string, given values) error {
	schema, err := os.ReadFile(filepath.Join(root, "values.schema.json"))
	if err != nil {
		return err
	}
	text, err := json.Marshal(given)
	if err != nil {
		return err
	}
	result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(schema), gojsonschema.NewBytesLoader(text))
	if err != nil {
		return err
	}
	if result.Valid() {
		return nil
	}
	var wrong []string
	for _, one := range result.Errors() {
		wrong = append(wrong, one.String())
	}
	sort.Strings(wrong)
	return errors.New(strings.Join(wrong, "; "))
}

func functions(templates *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	delete(all, "env") // as in Helm
	delete(all, "expandenv")
	execute := func(name string, text *template.Template, data interface{}) (string, error) {
		var out bytes.Buffer
		err := text.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	all["include"] = func(name string, data interface{}) (string, error) { return execute(name, templates, data) }
	all["tpl"] = func(text string, data interface{}) (string, error) {
		copied, err := templates.Clone()
		if err != nil {
			return "", err
		}
		if _, err := copied.New("tpl").Parse(text); err != nil {
			return "", err
		}
		return execute("tpl", copied, data)
	}
	all["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, errors.New(message)
		}
		return value, nil
	}
	all["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	all["fail"] = func(message string) (string, error) { return "", errors.New(message) }
	return all
}

func readYaml(path string) (values, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	read := values{}
	if err := yaml.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("%s: %v", path, err)
	}
	return read, nil
}
