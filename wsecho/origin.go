package wsecho

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// origin is where a page comes from (RFC 6454), in the spelling in which two are compared: lower case, an
// IPv6 address shortened and without brackets, "" for the port of the scheme.
type origin struct{ scheme, host, port string }

// nullOrigin is that of a page whose origin the browser keeps to itself: a file, a sandboxed frame.
var nullOrigin = origin{host: "null"}

// defaultPorts are those that browsers leave out of an Origin.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// parseOrigin reads an Origin header.
func parseOrigin(s string) (origin, error) {
	if s == "null" {
		return nullOrigin, nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return origin{}, err
	}
	o := origin{u.Scheme, strings.ToLower(u.Hostname()), u.Port()} // Parse has folded the scheme
	if ip, err := netip.ParseAddr(o.host); err == nil && ip.Is6() {
		o.host = ip.String()
	}
	if o.port == defaultPorts[o.scheme] {
		o.port = ""
	}
	return o, nil
}

// allowsOrigin reports whether r comes from the same origin, from one of OriginPatterns or from no browser.
func (h *Handler) allowsOrigin(r *http.Request) bool {
	lines := r.Header["Origin"]
	if len(lines) != 1 {
		return len(lines) == 0
	}
	o, err := parseOrigin(lines[0])
	if err != nil {
		return false
	}
	if o.isHost(r.Host) {
		return true
	}
	for _, p := range h.set.origins {
		if p.admits(o) {
			return true
		}
	}
	return false
}

// isHost reports whether o is the origin of the service that a client calls host. Schemes are not compared,
// as a proxy in front may have taken the TLS off; and it may spell out the port that o leaves out.
func (o origin) isHost(host string) bool {
	if o.scheme == "" || o.host == "" {
		return false
	}
	same, err := parseOrigin(o.scheme + "://" + host)
	return err == nil && o == same
}

// originPattern is one of OriginPatterns. Each part is a pattern of path.Match of which * is the only
// special character; none of what it is compared with has a slash.
type originPattern struct{ scheme, host, port string }

// admits reports whether p is a pattern of o.
func (p originPattern) admits(o origin) bool {
	port := o.port
	if port == "" && p.port != "" {
		port = defaultPorts[o.scheme]
	}
	return matches(p.scheme, o.scheme) && matches(p.host, o.host) && matches(p.port, port)
}

// matches reports whether s is what pattern stands for.
func matches(pattern, s string) bool {
	ok, _ := path.Match(pattern, s) // its error is that of a bad pattern
	return ok
}

// parseOriginPattern reads one of OriginPatterns. Its error says why no browser sends what would match.
func parseOriginPattern(s string) (originPattern, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return originPattern{}, errors.New("wsecho: space or a character outside ASCII; a host has its ASCII form in an Origin (xn--...)")
	}
	s = strings.ToLower(s)
	if s == "null" {
		return originPattern(nullOrigin), nil
	}
	scheme, authority, found := strings.Cut(s, "://")
	if !found {
		scheme, authority = "*", s
	}
	host, rest, err := cutHost(authority)
	if err != nil {
		return originPattern{}, err
	}
	port, err := portPattern(host, rest)
	switch {
	case err != nil:
		return originPattern{}, err
	case scheme == "" || !consistsOf(scheme, alphanumeric+"+-.*"):
		return originPattern{}, errors.New("wsecho: no scheme before ://")
	case host == "" && (!found || defaultPorts[scheme] != ""): // file:// has none
		return originPattern{}, errors.New("wsecho: no host")
	}
	return originPattern{scheme, host, port}, nil
}

// cutHost reads the host that s begins with, in lower case, as one is spelled in an origin.
func cutHost(s string) (host, rest string, err error) {
	inside, isIPv6 := strings.CutPrefix(s, "[")
	if !isIPv6 {
		host, _, _ = strings.Cut(s, ":")
		if !consistsOf(host, alphanumeric+"-._*") {
			return "", "", errors.New("wsecho: more than a scheme, a host and a port, or characters that no host has")
		}
		return host, s[len(host):], nil
	}
	inside, rest, closed := strings.Cut(inside, "]")
	ip, err := netip.ParseAddr(inside)
	if !closed || err != nil || !ip.Is6() || ip.Zone() != "" {
		return "", "", errors.New("wsecho: no IPv6 address in brackets")
	}
	return ip.String(), rest, nil
}

// portPattern reads rest, which follows host: nothing, or a port.
func portPattern(host, rest string) (string, error) {
	port, found := strings.CutPrefix(rest, ":")
	switch {
	case rest == "" && strings.HasSuffix(host, "*"):
		return "*", nil
	case rest == "" || found && isPort(port):
		return port, nil
	}
	return "", errors.New("wsecho: no port behind the host; an IPv6 address stands in brackets")
}

// isPort reports whether port is one in the spelling of browsers, or has a * in it.
func isPort(port string) bool {
	if strings.Contains(port, "*") {
		return consistsOf(port, "0123456789*")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == port
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789" // in lower case

// consistsOf reports whether s has no bytes but those of chars.
func consistsOf(s, chars string) bool { return strings.Trim(s, chars) == "" }
