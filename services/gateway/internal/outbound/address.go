package outbound

import (
	"net/netip"
)

// public6 is where IPv6 addresses of the Internet are; all others have a purpose of
// their own.
var public6 = netip.MustParsePrefix("2000::/3")

// embedding6 is the network in which a translator to IPv4 (NAT64) answers: the last
// four bytes are the address that is called.
var embedding6 = netip.MustParsePrefix("64:ff9b::/96")

// special are networks with a purpose of their own, which are not on the Internet or
// lead back to where we are.
var special = prefixes(
	"0.0.0.0/8",        // this network
	"10.0.0.0/8",       // private
	"100.64.0.0/10",    // behind a carrier's translator; a cloud's metadata at 100.100.100.200
	"127.0.0.0/8",      // this machine
	"168.63.129.16/32", // a cloud's own service for its machines
	"169.254.0.0/16",   // link-local; clouds' metadata at 169.254.169.254
	"172.16.0.0/12",    // private
	"192.0.0.0/24",     // protocols; a cloud's metadata at 192.0.0.192
	"192.0.2.0/24",     // documentation
	"192.88.99.0/24",   // relays of 6to4
	"192.168.0.0/16",   // private
	"198.18.0.0/15",    // benchmarks
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"224.0.0.0/4",      // multicast
	"240.0.0.0/4",      // reserved, and broadcast
	"2001::/23",        // protocols: Teredo, benchmarks and others
	"2001:db8::/32",    // documentation
	"2002::/16",        // 6to4, which embeds any IPv4 address
	"3fff::/20",        // documentation
)

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// permits reports whether an address may be called: one of the Internet on a usual
// port, or any in the networks that are allowed.
func (g *Guard) permits(to netip.AddrPort) bool {
	address := to.Addr().Unmap()
	if address.Zone() != "" { // link-local by what it is for
		return false
	}
	if contains(g.Allowed, address) {
		return true
	}
	if embedding6.Contains(address) {
		bytes := address.As16()
		address = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return usualPort(to.Port()) && (address.Is4() || public6.Contains(address)) && !contains(special, address)
}

// usualPort holds for ports of the web, and those that anybody may open. Below are
// services that were never meant to be spoken to in HTTP.
func usualPort(port uint16) bool { return port == 80 || port == 443 || port >= 1024 }

func contains(networks []netip.Prefix, address netip.Addr) bool {
	for _, network := range networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}
