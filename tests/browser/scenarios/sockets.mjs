// The browser's `WebSocket` and examples/websocket.

import assert from 'node:assert/strict'
import { assertCookieSent } from '../pages.mjs'

// Opens a socket from a page, says something, and tells what became of it.
async function socketFrom(page, url, protocols) {
  return page.evaluate(([url, protocols]) => new Promise((resolve) => {
    const heard = []
    const socket = new WebSocket(url, protocols)
    socket.onopen = () => socket.send('tea')
    socket.onclose = ({ code }) => resolve({ opened: false, code })
    socket.onmessage = ({ data }) => {
      heard.push(data)
      if (heard.length === 2) resolve({ opened: true, protocol: socket.protocol, heard })
    }
  }), [`${url.replace('http', 'ws')}/socket`, protocols])
}

const opened = (protocol) => ({ opened: true, protocol, heard: ['hello ada', 'tea'] })
// All that a page may learn of a handshake that fails.
const refused = { opened: false, code: 1006 }

async function pageAt(context, url) {
  const page = await context.newPage()
  await page.goto(url)
  return page
}

// A token as a script gets it.
async function tokenOf({ url }, seconds = 60) {
  const body = new URLSearchParams({ name: 'ada', password: 'lovelace', seconds })
  const answer = await fetch(`${url}/token`, { method: 'POST', body })
  assert.equal(answer.status, 200)
  return answer.text()
}

// Leaves the cookie in the browser.
async function session(context, url) {
  const page = await pageAt(context, url)
  const status = await page.evaluate(async () => {
    const body = new URLSearchParams({ name: 'ada', password: 'lovelace', seconds: 60 })
    return (await fetch('/session', { method: 'POST', body })).status
  })
  assert.equal(status, 204)
  return page
}

async function subprotocol({ context, example }) {
  const server = await example('websocket')
  const token = await tokenOf(server)
  const page = await pageAt(context, server.url)
  assert.deepEqual(await socketFrom(page, server.url, ['bearer', token]), opened('bearer'))
  const asked = await server.asked('GET', '/socket')
  assert.deepEqual([asked.protocols, asked.cookie, asked.status], [`bearer, ${token}`, undefined, 101])
}

async function amongOthers({ context, example }) {
  const server = await example('websocket')
  const token = await tokenOf(server)
  const page = await pageAt(context, server.url)
  const offers = [
    ['chat.v2', 'bearer', token],
    ['bearer', token, 'chat.v2'],
    ['chat.v1', 'Bearer', token, 'chat.v2'],
  ]
  for (const offer of offers) {
    // A browser takes no protocol that it has not offered in these letters.
    const chosen = offer.find((word) => word.toLowerCase() === 'bearer')
    assert.deepEqual(await socketFrom(page, server.url, offer), opened(chosen), offer.join())
  }
}

async function wrongToken({ context, example }) {
  const server = await example('websocket')
  const token = await tokenOf(server)
  const page = await pageAt(context, server.url)
  const offers = [['bearer', `${token}x`], ['bearer'], ['chat.v2'], []]
  for (const offer of offers) {
    assert.deepEqual(await socketFrom(page, server.url, offer), refused, offer.join())
  }
  const statuses = server.seen.filter(({ path }) => path === '/socket').map(({ status }) => status)
  assert.deepEqual(statuses, [401, 400, 401, 401])
}

async function cookie({ context, example }) {
  const server = await example('websocket')
  const page = await session(context, server.url)
  assert.deepEqual(await socketFrom(page, server.url, []), opened(''))
  const asked = await server.asked('GET', '/socket')
  assertCookieSent(asked)
  assert.deepEqual([asked.origin, asked.protocols, asked.status], [server.url, undefined, 101])
}

async function foreignCookie({ context, example, foreign }) {
  const server = await example('websocket')
  const attacker = await foreign()
  await session(context, server.url)
  const bait = await pageAt(context, attacker.page(''))
  assert.deepEqual(await socketFrom(bait, server.url, []), refused)
  const asked = await server.asked('GET', '/socket')
  assertCookieSent(asked)
  assert.deepEqual([asked.origin, asked.status], [attacker.url, 403])
}

// Whoever has a token may use it from anywhere, and a cookie that comes along changes nothing.
async function foreignToken({ context, example, foreign }) {
  const server = await example('websocket')
  const other = await foreign()
  const token = await tokenOf(server)
  await session(context, server.url)
  const page = await pageAt(context, other.page(''))
  assert.deepEqual(await socketFrom(page, server.url, ['bearer', token]), opened('bearer'))
  const asked = await server.asked('GET', '/socket')
  assertCookieSent(asked)
  assert.deepEqual([asked.origin, asked.status], [other.url, 101])
}

// On the example's own page, in real time. `exp` is in whole seconds, so three of them may be little more than two.
async function end(button, protocol, { context, example }) {
  const server = await example('websocket')
  const page = await pageAt(context, server.url)
  await page.fill('[name=name]', 'ada')
  await page.fill('[name=password]', 'lovelace')
  await page.fill('[name=seconds]', '3')
  const began = performance.now()
  await page.click(`text="${button}"`)
  await page.fill('[name=text]', 'tea')
  await page.click('text="Send"')
  await page.waitForSelector('text=/^closed/')
  const took = performance.now() - began
  assert.deepEqual(await page.locator('#log li').allTextContents(), [
    `open, protocol: ${protocol}`,
    'server: hello ada',
    'server: tea',
    'closed: 4401 expired',
  ])
  assert.ok(took > 1900 && took < 6000, `closed after ${took} ms`)
}

export const sockets = {
  'socket: a token as a subprotocol opens it': subprotocol,
  'socket: a token among other subprotocols opens it': amongOthers,
  'socket: a wrong token, or none, does not': wrongToken,
  'socket: a cookie opens it': cookie,
  'socket: a cookie does not from another origin': foreignCookie,
  'socket: a token does from another origin': foreignToken,
  'socket: it is closed when the token ends': (kit) => end('Connect with a token', 'bearer', kit),
  'socket: it is closed when the cookie\'s token ends': (kit) => end('Connect with a cookie', 'none', kit),
}
