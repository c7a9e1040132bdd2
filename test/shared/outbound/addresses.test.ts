import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import t from 'tap'
import { isPublicAddress } from '../../../src/shared/outbound/addresses.js'

/** IANA's registries of special-purpose addresses, and multicast; with those that are reachable in a special way. */
const SPECIAL = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...[
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.31.196.0/24',
    '192.52.193.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
  ],
  ...['192.175.48.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::1/128', '::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b:1::/48', '100::/64'],
  ...['100:0:0:1::/64', '2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'],
  ...['5f00::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
]

const lastOf = (block: string): string => {
  const [address, bits] = ipaddr.parseCIDR(block)
  const bytes = address.toByteArray().map((byte, index) => {
    const free = Math.min(8, Math.max(0, (index + 1) * 8 - bits))
    return byte | (2 ** free - 1)
  })
  return ipaddr.fromByteArray(bytes).toString()
}

t.test('no special block is public, from its first address to its last', (t) => {
  for (const block of SPECIAL) {
    const [first = ''] = block.split('/')
    t.notOk(isPublicAddress(first), first)
    t.notOk(isPublicAddress(lastOf(block)), `${lastOf(block)}, the last of ${block}`)
  }
  for (const alone of ['168.63.129.16', '4000::1', '::2', '1::']) t.notOk(isPublicAddress(alone), alone)
  t.end()
})

t.test('their neighbours, and what is reached by NAT64, are public', (t) => {
  const neighbours = [
    ...[
      '1.0.0.0',
      '9.255.255.255',
      '11.0.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '126.255.255.255',
      '128.0.0.0',
    ],
    ...[
      '169.253.255.255',
      '169.255.0.0',
      '172.15.255.255',
      '172.32.0.0',
      '192.0.1.0',
      '192.0.3.0',
      '192.167.255.255',
    ],
    ...['192.169.0.0', '198.17.255.255', '198.20.0.0', '198.51.99.255', '198.51.101.0', '203.0.112.255'],
    ...['203.0.114.0', '223.255.255.255', '168.63.129.15', '168.63.129.17', '8.8.8.8'],
    ...[
      '2001:200::',
      '2001:db7:ffff::',
      '2001:db9::',
      '2003::',
      '2620:4f:7fff::',
      '2620:4f:8001::',
      '3ffe::',
    ],
    ...['2606:4700:4700::1111', '2a00:1450:4001::1', '64:ff9b::8.8.8.8', '64:ff9b::808:808'],
  ]
  for (const address of neighbours) t.ok(isPublicAddress(address), address)
  t.end()
})

t.test('what hides an IPv4 address is as public as that one by NAT64, and else never', (t) => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const bytes = ipaddr.IPv4.parse(address).toByteArray()
      const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
      const words = `${hex.slice(0, 4)}:${hex.slice(4)}`
      const hidden = [`::${address}`, `::ffff:${address}`, `::ffff:${words}`, `::ffff:0:${address}`]
      const tunnels = [`2002:${words}::1`, `2001:0:${words}::`, `64:ff9b:1::${address}`]
      return (
        isPublicAddress(`64:ff9b::${address}`) === isPublicAddress(address) &&
        ![...hidden, ...tunnels].some(isPublicAddress)
      )
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('what is no plain address is not public', (t) => {
  const odd = [
    '',
    'localhost',
    '8.8.8',
    '010.8.8.8',
    '0x8.8.8.8',
    '8.8.8.8:80',
    '8.8.8.8/8',
    ' 8.8.8.8',
    '134744072',
  ]
  for (const text of [...odd, '2606:4700::1%eth0', '[2606:4700::1]', '2606:4700', ':::'])
    t.notOk(isPublicAddress(text), text)
  t.end()
})
