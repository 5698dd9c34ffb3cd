// Key pairs as the provider holds them: JWKs with their private half, one for each algorithm.

import { generateKeyPairSync } from 'node:crypto'

const kinds = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  ES512: ['ec', { namedCurve: 'P-521' }],
  Ed25519: ['ed25519', {}],
  EdDSA: ['ed25519', {}],
}

export const algorithms = Object.keys(kinds)

// For tokens that the resource server has no key for and should refuse.
export const secret = Buffer.from('0123456789abcdef0123456789abcdef')
export const encryption = generateKeyPairSync('rsa', { modulusLength: 2048 })

let made = 0

export function newKeys() {
  return algorithms.map((alg) => {
    made += 1
    const { privateKey } = generateKeyPairSync(...kinds[alg])
    return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: `${alg}-${made}` }
  })
}

const privateMembers = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi'])

export function publicHalf(jwk) {
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !privateMembers.has(name)))
}
