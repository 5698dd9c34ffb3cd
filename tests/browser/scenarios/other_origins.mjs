// What pages of other origins try with the cookie of examples/cookie_session.

import assert from 'node:assert/strict'
import { assertCookieSent, formTo, logIn, notes } from '../pages.mjs'

// The browser sends the cookie, and the library refuses it.
async function form({ context, example, foreign }) {
  const server = await example('cookie_session')
  const attacker = await foreign()
  const page = await logIn(context, server.url)
  const bait = await context.newPage()
  await bait.goto(attacker.page(formTo(`${server.url}/notes`, { text: 'forged' })))
  const asked = await server.asked('POST', '/notes')
  assertCookieSent(asked)
  assert.deepEqual([asked.origin, asked.site, asked.status], [attacker.url, 'same-site', 403])
  await bait.waitForSelector('text="a page of another origin may not do this"')
  assert.deepEqual(await notes(page), [], 'nothing was written down')
}

async function script({ context, example, foreign }) {
  const server = await example('cookie_session')
  const attacker = await foreign()
  const page = await logIn(context, server.url)
  const bait = await context.newPage()
  await bait.goto(attacker.page(''))
  await bait.evaluate((url) => fetch(url, {
    method: 'POST',
    mode: 'no-cors',
    credentials: 'include',
    body: new URLSearchParams({ text: 'forged' }),
  }), `${server.url}/notes`)
  const asked = await server.asked('POST', '/notes')
  assertCookieSent(asked)
  assert.deepEqual([asked.origin, asked.site, asked.status], [attacker.url, 'same-site', 403])
  assert.deepEqual(await notes(page), [], 'nothing was written down')
}

// A page that makes nobody log in cannot make somebody log in as somebody else.
async function login({ context, example, foreign }) {
  const server = await example('cookie_session')
  const attacker = await foreign()
  const bait = await context.newPage()
  await bait.goto(attacker.page(formTo(`${server.url}/login`, { name: 'ada', password: 'lovelace' })))
  const asked = await server.asked('POST', '/login')
  assert.deepEqual([asked.origin, asked.status], [attacker.url, 403])
  assert.deepEqual(await context.cookies(), [], 'nobody is logged in')
}

async function logout({ context, example, foreign }) {
  const server = await example('cookie_session')
  const attacker = await foreign()
  const page = await logIn(context, server.url)
  const bait = await context.newPage()
  await bait.goto(attacker.page(formTo(`${server.url}/logout`, {})))
  const asked = await server.asked('POST', '/logout')
  assertCookieSent(asked)
  assert.deepEqual([asked.origin, asked.status], [attacker.url, 403])
  assert.deepEqual(await notes(page), [], 'still logged in')
}

// `localhost` is another site than `127.0.0.1`: here it is the browser that keeps the cookie back.
async function otherSite({ context, example, foreign }) {
  const server = await example('cookie_session')
  const attacker = await foreign()
  const page = await logIn(context, server.url)
  const bait = await context.newPage()
  const forged = attacker.page(formTo(`${server.url}/notes`, { text: 'forged' }))
  await bait.goto(forged.replace('127.0.0.1', 'localhost'))
  const { cookie, site, status } = await server.asked('POST', '/notes')
  assert.deepEqual({ cookie, site, status }, { cookie: undefined, site: 'cross-site', status: 401 })
  assert.deepEqual(await notes(page), [], 'nothing was written down')
}

// Who follows a link from there is known all the same, for the page asks for itself.
async function link({ context, example, foreign }) {
  const server = await example('cookie_session')
  const attacker = await foreign()
  await logIn(context, server.url)
  const bait = await context.newPage()
  const linked = attacker.page(`<a href="${server.url}/">notes</a>`)
  await bait.goto(linked.replace('127.0.0.1', 'localhost'))
  await bait.click('a')
  await bait.waitForSelector('h1:has-text("Notes of ada")')
}

export const otherOrigins = {
  'other origin: a form that submits itself is refused': form,
  'other origin: a script\'s fetch with credentials is refused': script,
  'other origin: a form cannot log in': login,
  'other origin: a form cannot log out': logout,
  'other site: the browser sends no cookie': otherSite,
  'other site: a link leads to the user\'s own page': link,
}
