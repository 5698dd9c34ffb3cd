// A provider that is slow, broken, hostile or gone.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { Load } from '../load.mjs'
import { startProvider } from '../processes.mjs'
import {
  allTokens,
  assertAccepted,
  assertInvalid,
  assertUnavailable,
  stranger,
  until,
} from '../tokens.mjs'

const modes = ['500', 'html', 'empty', 'badjson', 'huge', 'redirect', 'hang', 'drip']

// A request that waits for the provider takes seconds where it hangs: far more than this.
const quick = 4000

// Serves a stranger's keys and counts who asks for them.
async function trap(jwk) {
  let visits = 0
  const server = createServer((_, response) => {
    visits += 1
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: [jwk] }))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const elsewhere = `http://127.0.0.1:${server.address().port}/jwks`
  return { elsewhere, visits: () => visits, close: () => server.close() }
}

async function badAnswers({ provider, serve }) {
  const known = await allTokens(provider)
  const { token: unknown, jwk } = await stranger(provider.issuer)
  const { elsewhere, visits, close } = await trap(jwk)
  try {
    for (const mode of modes) {
      // Each has a server of its own, for strangers may not cause many fetches of one.
      const server = await serve()
      for (const token of known) assertAccepted(await server.get(token), token, mode)
      await provider.admin('jwks', { mode, elsewhere })
      await provider.admin('counters')
      const load = new Load(server, known, 4)
      const reply = await server.get(unknown)
      await load.each(3)
      await load.stop(mode)
      assert.ok([401, 503].includes(reply.status), `${mode}: a stranger got ${reply.status}`)
      assert.ok(load.slowest < quick, `${mode}: a known token took ${load.slowest} ms`)
      const { jwks } = await provider.admin('counters')
      assert.ok(jwks > 0, `${mode}: the keys were asked for`)
      await provider.admin('jwks', { mode: 'normal' })
    }
    assert.equal(visits(), 0, 'no redirect is followed')
  } finally {
    await provider.admin('jwks', { mode: 'normal' })
    close()
  }
}

async function oddKeys({ provider, serve }) {
  await provider.admin('jwks', { mode: 'odd' })
  try {
    const server = await serve()
    for (const token of await allTokens(provider)) {
      assertAccepted(await server.get(token), token, 'beside odd keys')
    }
    const { token } = await stranger(provider.issuer)
    assertInvalid(await server.get(token), 'a stranger')
    const [{ issuer, keys }] = (await health(server)).issuers
    assert.deepEqual([issuer, keys.skipped.length], [provider.issuer, 2])
  } finally {
    await provider.admin('jwks', { mode: 'normal' })
  }
}

async function health(server) {
  const { status, body } = await server.get(undefined, '/health')
  return { status, issuers: JSON.parse(body) }
}

async function comesAndGoes({ path, serve }) {
  // A port that was free a moment ago.
  const earlier = await startProvider({ path })
  const { issuer } = earlier
  await earlier.stop()

  const server = await serve(issuer)
  const { token: unknown } = await stranger(issuer)
  assertUnavailable(await server.get(unknown), 'nobody is there')
  const before = await health(server)
  assert.deepEqual([before.status, before.issuers[0].keys.usable], [503, false])
  const open = await server.get(undefined, '/optional')
  assert.deepEqual([open.status, JSON.parse(open.body)], [200, { anonymous: true }])

  const provider = await startProvider({ port: Number(new URL(issuer).port), path })
  assert.equal(provider.issuer, issuer)
  const tokens = await allTokens(provider)
  // No request is needed for that.
  await until('the keys are there', 90, async () => (await health(server)).status === 200)
  for (const token of tokens) assertAccepted(await server.get(token), token, 'somebody is there')

  await provider.stop()
  const load = new Load(server, tokens, 4)
  await load.each(20)
  await load.stop('gone again')
  assert.ok(load.slowest < quick, `gone again: a known token took ${load.slowest} ms`)
}

export const faults = {
  'bad answers keep good tokens good, and quick': badAnswers,
  'keys of odd kinds cost only themselves': oddKeys,
  'a provider comes and goes, and nothing is restarted': comesAndGoes,
}
