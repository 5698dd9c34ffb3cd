// A whole life of sessions, on the page of examples/demo. Each step leaves a picture under target/browser/demo.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { formTo } from '../pages.mjs'

const pictures = join(process.argv[4], 'demo')

const shoot = (page, name) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })

// Logs in on the page, whose complaints about its own policy and scripts count as failures.
async function logIn(context, url, [name, password]) {
  const page = await context.newPage()
  page.on('pageerror', (error) => { throw error })
  page.on('console', (message) => {
    // A refusal is what the page is there to show.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) throw new Error(message.text())
  })
  await page.goto(url)
  await page.fill('[name=name]', name)
  await page.fill('[name=password]', password)
  await page.keyboard.press('Enter')
  await page.waitForSelector(`#who:has-text("${name}")`)
  await page.waitForSelector('#sessions tr')
  return page
}

const ada = ['ada', 'lovelace']
const eve = ['eve', 'gardens']

async function refreshToken(context) {
  const cookies = await context.cookies()
  return cookies.find(({ name }) => name === '__Host-refresh_token')?.value
}

async function flags({ context, example }) {
  const server = await example('demo')
  const page = await context.newPage()
  await page.goto(server.url)
  await page.waitForSelector('#login')
  await shoot(page, '1-logged-out')
  await page.close()
  const inside = await logIn(context, server.url, ada)
  await shoot(inside, '2-logged-in')
  const cookies = await context.cookies()
  const byName = (one, other) => (one.name < other.name ? -1 : 1)
  const [access, refresh, ...more] = cookies.sort(byName)
  assert.deepEqual(more, [], 'no other cookie')
  const common = { domain: '127.0.0.1', path: '/', httpOnly: true, secure: true, sameSite: 'Strict' }
  for (const [cookie, name, seconds] of [[access, '__Host-access_token', 60], [refresh, '__Host-refresh_token', 2_592_000]]) {
    const { value, expires, ...flags } = cookie
    assert.deepEqual(flags, { name, ...common })
    assert.ok(value.length > 50, name)
    assert.ok(Math.abs(expires - Date.now() / 1000 - seconds) < 10, `${name} ends in ${seconds} s: ${expires}`)
  }
  assert.equal(await inside.evaluate(() => document.cookie), '', 'no script can read them')
  await inside.emulateMedia({ colorScheme: 'dark' })
  await shoot(inside, '3-in-the-dark')
}

async function renewing({ context, example }) {
  const server = await example('demo')
  const page = await logIn(context, server.url, ada)
  const before = await refreshToken(context)
  await page.click('#renew')
  await page.waitForSelector('#log li:has-text("POST /refresh → 200")')
  const after = await refreshToken(context)
  assert.ok(after && after !== before, 'another refresh token')
  await page.reload()
  await page.waitForSelector('#who:has-text("ada")')
  assert.equal(await page.locator('#sessions tr').count(), 1, 'the same session')
  await shoot(page, '4-renewed')
  // As if its time were over: the page renews by itself.
  await context.clearCookies({ name: '__Host-access_token' })
  await page.waitForSelector('#log li:has-text("POST /refresh → 200")')
  await page.waitForSelector('#left:has-text("are left")')
  const names = (await context.cookies()).map(({ name }) => name).sort()
  assert.deepEqual(names, ['__Host-access_token', '__Host-refresh_token'])
}

async function twoTabs({ context, example }) {
  const server = await example('demo')
  const tabs = [await logIn(context, server.url, ada), await context.newPage()]
  await tabs[1].goto(server.url)
  await tabs[1].waitForSelector('#who:has-text("ada")')
  const renew = () => fetch('/refresh', { method: 'POST' }).then(({ status }) => status)
  assert.deepEqual(await Promise.all(tabs.map((tab) => tab.evaluate(renew))), [200, 200])
  assert.equal(await tabs[0].evaluate(renew), 200, 'and goes on')
}

async function roles({ context, example }) {
  const server = await example('demo')
  const auditor = await logIn(context, server.url, ada)
  await auditor.click('#reports')
  await auditor.waitForSelector('#report.good:has-text("200")')
  const other = await context.browser().newContext()
  const clerk = await logIn(other, server.url, eve)
  await clerk.click('#reports')
  await clerk.waitForSelector('#report.bad:has-text("403")')
  await shoot(clerk, '5-without-the-role')
  assert.equal(await clerk.locator('#sessions tr').count(), 1, 'she sees no session of anybody else')
  await other.close()
}

async function theft({ context, example }) {
  const server = await example('demo')
  const page = await logIn(context, server.url, ada)
  await page.click('#theft')
  await page.waitForSelector('#story li.good:has-text("400 {\\"error\\":\\"invalid_grant\\"}")')
  await page.waitForSelector('#story li.bad:has-text("401")')
  await shoot(page, '6-stolen')
  // The cookies are there still, and open nothing.
  const told = await page.evaluate(() => fetch('/refresh', { method: 'POST' }).then(({ status }) => status))
  assert.equal(told, 400)
  assert.deepEqual(await context.cookies(), [], 'and are cleared')
  await page.click('text="Log in again"')
  await page.waitForSelector('#notice:has-text("Your session has ended")')
}

async function everywhere({ context, example }) {
  const server = await example('demo')
  const here = await logIn(context, server.url, ada)
  const elsewhere = await context.browser().newContext()
  const there = await logIn(elsewhere, server.url, ada)
  const third = await context.browser().newContext()
  const stranger = await logIn(third, server.url, eve)
  await here.waitForSelector('#sessions tr:nth-child(2)')
  await shoot(here, '7-two-sessions')
  await here.click('#leave-all')
  await here.waitForSelector('#login')
  assert.deepEqual(await context.cookies(), [])
  // It finds out by itself, by the list it reads.
  await there.waitForSelector('#notice:has-text("Your session has ended")')
  await shoot(there, '8-logged-out-elsewhere')
  assert.deepEqual(await elsewhere.cookies(), [])
  await stranger.click('#renew')
  await stranger.waitForSelector('#log li:has-text("POST /refresh → 200")')
  await elsewhere.close()
  await third.close()
}

async function oneOfThem({ context, example }) {
  const server = await example('demo')
  const here = await logIn(context, server.url, ada)
  const elsewhere = await context.browser().newContext()
  const there = await logIn(elsewhere, server.url, ada)
  // By keyboard, as all of it can be done.
  await here.focus('[data-end]')
  await here.keyboard.press('Enter')
  await there.waitForSelector('#notice:has-text("Your session has ended")')
  await here.waitForFunction(() => document.querySelectorAll('#sessions tr').length === 1)
  await here.click('#leave')
  await here.waitForSelector('#login')
  assert.deepEqual(await context.cookies(), [])
  await elsewhere.close()
}

async function forged({ context, example, foreign }) {
  const server = await example('demo')
  const page = await logIn(context, server.url, ada)
  const evil = await foreign()
  for (const path of ['/logout', '/logout/everywhere']) {
    const other = await context.newPage()
    await other.goto(evil.page(formTo(server.url + path, {})))
    const { status, cookie } = await server.asked('POST', path)
    // Another port is the same site: the browser sends the cookies, and the server has to look.
    assert.match(cookie ?? '', /__Host-refresh_token=/, path)
    assert.equal(status, 403, path)
    await other.close()
  }
  await page.click('#renew')
  await page.waitForSelector('#log li:has-text("POST /refresh → 200")')
}

export const demo = {
  'demo: two cookies, each with its flags': flags,
  'demo: a renewal changes the refresh token and not the session': renewing,
  'demo: two tabs that renew at once both go on': twoTabs,
  'demo: the API asks for a role': roles,
  'demo: a stolen refresh token ends the session': theft,
  'demo: logging out everywhere reaches every browser': everywhere,
  'demo: one session is ended from another, by keyboard': oneOfThem,
  'demo: no page of another origin logs out': forged,
}
