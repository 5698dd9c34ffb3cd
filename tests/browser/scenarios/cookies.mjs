// What the browser makes of the cookie of examples/cookie_session, and what its own page can do.

import assert from 'node:assert/strict'
import { assertCookieSent, logIn, notes } from '../pages.mjs'

async function flags({ context, example }) {
  const server = await example('cookie_session')
  const page = await logIn(context, server.url)
  const [{ value, expires, ...flags }, ...more] = await context.cookies()
  assert.deepEqual(flags, {
    name: '__Host-token',
    domain: '127.0.0.1',
    path: '/',
    httpOnly: true,
    secure: true,
    sameSite: 'Strict',
  })
  assert.deepEqual(more, [], 'no other cookie')
  const { exp } = JSON.parse(Buffer.from(value.split('.')[1], 'base64url'))
  assert.ok(Math.abs(expires - exp) < 5, `ends with its token: ${expires}, ${exp}`)
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script can read it')
}

async function ownForm({ context, example }) {
  const server = await example('cookie_session')
  const page = await logIn(context, server.url)
  await page.fill('[name=text]', '<b>tea</b>')
  await page.click('text="Write down"')
  await page.waitForSelector('#notes li')
  const asked = await server.asked('POST', '/notes')
  assertCookieSent(asked)
  assert.deepEqual([asked.origin, asked.site, asked.status], [server.url, 'same-origin', 303])
  assert.deepEqual(await notes(page), ['<b>tea</b>'])
}

async function wrongPassword({ context, example }) {
  const server = await example('cookie_session')
  const page = await context.newPage()
  await page.goto(server.url)
  await page.fill('[name=name]', 'ada')
  await page.fill('[name=password]', 'babbage')
  await page.keyboard.press('Enter')
  await page.waitForSelector('text="The name or the password is wrong."')
  assert.equal((await server.asked('POST', '/login')).status, 403)
  assert.deepEqual(await context.cookies(), [])
}

async function logOut({ context, example }) {
  const server = await example('cookie_session')
  const page = await logIn(context, server.url)
  await page.click('text="Log out"')
  await page.waitForSelector('h1:text-is("Log in")')
  assert.deepEqual(await context.cookies(), [])
}

export const cookies = {
  'cookie: for this host, over TLS, and for no script': flags,
  'cookie: the page\'s own form is accepted': ownForm,
  'cookie: a wrong password sets none': wrongPassword,
  'cookie: logging out takes it away': logOut,
}
