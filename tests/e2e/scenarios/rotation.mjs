// New keys while requests come in.

import assert from 'node:assert/strict'
import { decodeProtectedHeader } from 'jose'
import { Load } from '../load.mjs'
import { allTokens, assertAccepted, assertInvalid } from '../tokens.mjs'

const kids = (tokens) => new Set(tokens.map((token) => decodeProtectedHeader(token).kid))

// Published before they sign, as providers do it. Not one request may notice.
async function underLoad({ provider, serve }) {
  const server = await serve()
  const old = await allTokens(provider)
  for (const token of old) assertAccepted(await server.get(token), token, 'before')
  await provider.admin('counters')
  const load = new Load(server, old)
  await load.each(10)

  await provider.admin('rotate', { mode: 'add' })
  const between = await allTokens(provider)
  assert.deepEqual(kids(between), kids(old), 'published keys do not sign yet')
  load.add(between)
  await load.each(10)

  await provider.admin('rotate', { mode: 'promote' })
  const fresh = await allTokens(provider)
  assert.ok([...kids(fresh)].every((kid) => !kids(old).has(kid)), 'new keys sign')
  load.add(fresh)
  await load.each(20)

  await load.stop('rotation')
  const { jwks } = await provider.admin('counters')
  assert.equal(jwks, 1, 'one fetch for all new keys together')
}

// Old keys are gone from one moment to the next: a key that has leaked.
async function replaced({ provider, serve }) {
  const server = await serve()
  const old = await allTokens(provider)
  for (const token of old) assertAccepted(await server.get(token), token, 'before')

  await provider.admin('rotate', { mode: 'replace' })
  const fresh = await allTokens(provider)
  for (const token of fresh) assertAccepted(await server.get(token), token, 'new, at once')
  // The set that brought the new keys no longer has these.
  for (const token of old) assertInvalid(await server.get(token), 'old')
  for (const token of fresh) assertAccepted(await server.get(token), token, 'new, still')
}

export const rotation = {
  'keys rotate under load and no request fails': underLoad,
  'keys that are replaced die at once': replaced,
}
