import t from 'tap'
import { prefixOfPart, readRedisAddress } from '../../../src/shared/redis/address.js'

t.test('one URL names each of the forms', async (t) => {
  const url = 'rediss://me:p%40ss@cache:7000/2'
  t.strictSame(readRedisAddress(url), { form: 'single', url })
  t.strictSame(
    readRedisAddress(
      'rediss+sentinel://me:p%40s%3As@s1:7000,[::1],s3/main/2?sentinelUsername=watch&sentinelPassword=w%26x',
    ),
    {
      form: 'sentinel',
      sentinels: [
        { host: 's1', port: 7000 },
        { host: '::1', port: 26_379 },
        { host: 's3', port: 26_379 },
      ],
      name: 'main',
      db: 2,
      tls: true,
      username: 'me',
      password: 'p@s:s',
      sentinelUsername: 'watch',
      sentinelPassword: 'w&x',
    },
  )
  t.strictSame(readRedisAddress('redis+cluster://:secret@n1,n2:7000'), {
    form: 'cluster',
    nodes: [
      { host: 'n1', port: 6_379 },
      { host: 'n2', port: 7_000 },
    ],
    tls: false,
    password: 'secret',
  })
})

t.test('what is neither is nothing', async (t) => {
  for (const bad of [
    'redis+sentinel://s1',
    'redis+sentinel://s1/',
    'redis+sentinel://s1/main/x',
    'redis+sentinel://s1/main?sentinelPasword=x',
    'redis+sentinel:///main',
    'redis+sentinel://s1,,s2/main',
    'redis+sentinel://s1:0/main',
    'redis+sentinel://s1:70000/main',
    'redis+cluster://n1/2',
    'redis+cluster://n1?tls=true',
    'redis+cluster://me:100%@n1',
    'redis+cluster://',
    'redis+clusters://n1',
    `redis+cluster://${Array.from({ length: 101 }, (_, n) => `n${n}`).join()}`,
  ]) {
    t.equal(readRedisAddress(bad), undefined, bad)
  }
})

t.test(
  'keys that are used together share a slot in a Cluster, and are named as ever elsewhere',
  async (t) => {
    t.equal(prefixOfPart('redis+cluster://n1', 'shop', 'cache'), '{shop-cache}')
    t.equal(prefixOfPart('rediss+cluster://n1', 'shop', 'queue'), '{shop-queue}')
    t.equal(prefixOfPart('redis+sentinel://s1/main', 'shop', 'cache'), 'shop')
    t.equal(prefixOfPart('redis://cache', 'shop', 'queue'), 'shop')
  },
)
