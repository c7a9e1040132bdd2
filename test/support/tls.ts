/*
 * A certificate for partner.example that it signed itself, good until 2126, and its key. Both are public here, and
 * nobody trusts them but a test that says so.
 */

export const PARTNER_NAME = 'partner.example'

export const partnerCertificate = `-----BEGIN CERTIFICATE-----
MIIBqDCCAU2gAwIBAgIUN2uSnk5ID9f/ua7D3KZNTxI4k/4wCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPcGFydG5lci5leGFtcGxlMCAXDTI2MTEyNTAwNTIxMVoYDzIx
MjYxMTAxMDA1MjExWjAaMRgwFgYDVQQDDA9wYXJ0bmVyLmV4YW1wbGUwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAATcz9UhDJBaESnLbBSCBPgbBRqLkRKOSw+V1s8E
TH9IHih+1OdnXY3KTCDUbDf+Wa+K6OzDOIQU3oOnLYyVX2poo28wbTAdBgNVHQ4E
FgQUNtrBoOhQV8E4N9nVfRkeDv/w6tYwHwYDVR0jBBgwFoAUNtrBoOhQV8E4N9nV
fRkeDv/w6tYwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgg9wYXJ0bmVyLmV4
YW1wbGUwCgYIKoZIzj0EAwIDSQAwRgIhALBKoLU6fqyMXdhtLafaXhhdJqWK9M68
AlyN5JRUSMjWAiEArqGN7g5g4YCuOKbmCLrd6bdGxnZnl1H3X22H2Pe0bHQ=
-----END CERTIFICATE-----
`

export const partnerKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgby+n+u27R5IFWKDX
tVKX+oM63J8GfIUzo0FTkhhEe0qhRANCAATcz9UhDJBaESnLbBSCBPgbBRqLkRKO
Sw+V1s8ETH9IHih+1OdnXY3KTCDUbDf+Wa+K6OzDOIQU3oOnLYyVX2po
-----END PRIVATE KEY-----
`
