import { isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** The only part of IPv6 that IANA has given to the public so far; what is special inside of it ipaddr.js knows. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** How a network without IPv4 reaches IPv4 (RFC 6052): the address meant is in the last 32 bits. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/** Azure's host agent answers each virtual machine from out of the public space. */
const HOST_AGENT = '168.63.129.16'

const isPublicIPv4 = (address: ipaddr.IPv4): boolean =>
  address.range() === 'unicast' && address.toString() !== HOST_AGENT

const isPublicIPv6 = (address: ipaddr.IPv6): boolean => {
  if (address.match(NAT64)) return isPublicIPv4(new ipaddr.IPv4(address.toByteArray().slice(12)))
  return address.match(GLOBAL_UNICAST) && address.range() === 'unicast'
}

/**
 * Whether the address belongs to anybody on the internet. Everything in IANA's registries of special addresses is
 * not, nor what hides an IPv4 address in an IPv6 one (mapped, compatible, 6to4, Teredo, the local NAT64 prefix), nor a
 * text that is no address. Only NAT64's well-known prefix is looked into: clusters without IPv4 have nothing else.
 */
export const isPublicAddress = (address: string): boolean => {
  // A zone (`%eth0`) names an interface of ours: whatever the address, it is not out there.
  if (isIP(address) === 0 || address.includes('%')) return false
  return isIPv4(address) ? isPublicIPv4(ipaddr.IPv4.parse(address)) : isPublicIPv6(ipaddr.IPv6.parse(address))
}
