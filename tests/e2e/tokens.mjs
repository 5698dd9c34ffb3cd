// Tokens, and what is expected of an answer to one.

import assert from 'node:assert/strict'
import { SignJWT, decodeJwt, exportJWK, generateKeyPair } from 'jose'

// The provider's resources, each named after how its tokens are made.
export const accepted = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'Ed25519', 'EdDSA']
export const refused = ['HS256', 'JWE', 'opaque']

const invalid = 'Bearer realm="api", error="invalid_token", error_description='

// One token for each algorithm that is accepted.
export function allTokens(provider) {
  return Promise.all(accepted.map((kind) => provider.token(kind)))
}

export function assertAccepted(reply, token, what) {
  assert.equal(reply.status, 200, `${what}: ${reply.status} ${reply.challenge}`)
  assert.deepEqual(JSON.parse(reply.body), decodeJwt(token), what)
}

export function assertInvalid(reply, what, description = 'the token is not valid here') {
  assert.equal(reply.status, 401, `${what}: ${reply.status} ${reply.body}`)
  assert.equal(reply.challenge, `${invalid}"${description}"`, what)
  assert.equal(reply.body, '', what)
}

// 503 means that nobody can know, and says when it is worth asking again.
export function assertUnavailable(reply, what) {
  assert.equal(reply.status, 503, `${what}: ${reply.status} ${reply.challenge}`)
  assert.equal(reply.challenge, '', what)
  assert.match(reply.retryAfter ?? '', /^[1-9]\d*$/, what)
}

// Somebody who is not the provider: all is right with these tokens but the key.
export async function stranger(issuer) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const header = { alg: 'ES256', kid: 'stranger', typ: 'at+jwt' }
  const token = await new SignJWT({ client_id: 'stranger' })
    .setProtectedHeader(header)
    .setIssuer(issuer)
    .setAudience('https://api.example/ES256')
    .setSubject('stranger')
    .setExpirationTime('5 minutes')
    .sign(privateKey)
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'stranger', use: 'sig' }
  return { token, jwk }
}

// Asks until the answer is there.
export async function until(what, seconds, ask) {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    assert.ok(performance.now() < deadline, `waited ${seconds} s until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
