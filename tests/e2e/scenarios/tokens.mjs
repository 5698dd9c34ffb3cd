// What the provider issues, as it is and tampered with.

import assert from 'node:assert/strict'
import { userToken } from '../code_flow.mjs'
import { accepted, assertAccepted, assertInvalid, refused, until } from '../tokens.mjs'

async function everyAlgorithm({ provider, serve }) {
  const server = await serve()
  for (const kind of accepted) {
    const token = await provider.token(kind)
    assertAccepted(await server.get(token), token, kind)
  }
}

async function otherTokens({ provider, serve }) {
  const server = await serve()
  for (const kind of refused) {
    assertInvalid(await server.get(await provider.token(kind)), kind)
  }
  const without = await server.get()
  assert.deepEqual([without.status, without.challenge], [401, 'Bearer realm="api"'])
}

async function users({ provider, serve }) {
  const server = await serve()
  for (const kind of ['ES256', 'RS256']) {
    const resource = `https://api.example/${kind}`
    const token = await userToken(provider.issuer, { subject: 'alice', resource })
    const reply = await server.get(token)
    assertAccepted(reply, token, kind)
    assert.equal(JSON.parse(reply.body).sub, 'alice')
    const greeted = await server.get(token, '/optional')
    assert.deepEqual(JSON.parse(greeted.body), { anonymous: false, sub: 'alice' })
  }
}

async function oauthMetadata({ provider, serve }) {
  await provider.admin('discovery', { mode: 'rfc8414' })
  try {
    const server = await serve()
    const token = await provider.token('ES256')
    assertAccepted(await server.get(token), token, 'by RFC 8414')
  } finally {
    await provider.admin('discovery', { mode: 'normal' })
  }
}

const future = () => Math.floor(Date.now() / 1000) + 120

// What is changed before the provider signs, and whether the token is still good.
const tampered = (issuer) => [
  ['nothing', {}, true],
  ['a claim of its own', { payload: { extra: { deep: [1, 'ä'] } } }, true],
  ['typ: JWT', { header: { typ: 'JWT' } }, true],
  ['typ of a DPoP proof', { header: { typ: 'dpop+jwt' } }, false],
  ['crit', { header: { crit: ['b64'], b64: true } }, false],
  ['no aud', { payload: { aud: null } }, false],
  ['aud: 1', { payload: { aud: 1 } }, false],
  ['aud of another', { payload: { aud: 'https://other.example' } }, false],
  ['aud of several', { payload: { aud: ['x', 'https://api.example/ES256'] } }, true],
  ['cnf', { payload: { cnf: { jkt: 'thumbprint' } } }, false],
  ['no exp', { payload: { exp: null } }, false],
  ['exp: a string', { payload: { exp: String(future()) } }, false],
  ['nbf to come', { payload: { nbf: future() } }, false],
  ['no iss', { payload: { iss: null } }, false],
  ['iss with a slash', { payload: { iss: `${issuer}/` } }, false],
]

async function tampering({ provider, serve }) {
  const server = await serve()
  try {
    for (const [name, changes, good] of tampered(provider.issuer)) {
      await provider.admin('tamper', changes)
      const token = await provider.token('ES256')
      const reply = await server.get(token)
      if (good) assertAccepted(reply, token, name)
      else assertInvalid(reply, name)
    }
  } finally {
    await provider.admin('tamper', {})
  }
}

async function expiry({ provider, serve }) {
  const server = await serve(provider.issuer, { leeway: 0 })
  await provider.admin('lifetime', { seconds: 5 })
  try {
    const token = await provider.token('ES256')
    assertAccepted(await server.get(token), token, 'young')
    let reply
    await until('the token expires', 30, async () => {
      reply = await server.get(token)
      return reply.status !== 200
    })
    assertInvalid(reply, 'old', 'the token has expired')
  } finally {
    await provider.admin('lifetime', { seconds: 300 })
  }
}

export const tokens = {
  'tokens of every algorithm are accepted': everyAlgorithm,
  'HS256, encrypted and opaque tokens are refused': otherTokens,
  "a user's token from the code flow is accepted": users,
  'metadata is found where RFC 8414 puts it': oauthMetadata,
  'what is tampered with is refused': tampering,
  'a token is good until it expires': expiry,
}
