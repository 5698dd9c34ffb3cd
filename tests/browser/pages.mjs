// What scenarios do on pages, and what they expect of a cookie.

import assert from 'node:assert/strict'

// Logs in by the form of examples/cookie_session, and leaves its page open.
export async function logIn(context, url) {
  const page = await context.newPage()
  await page.goto(url)
  await page.fill('[name=name]', 'ada')
  await page.fill('[name=password]', 'lovelace')
  await page.click('button:text-is("Log in")')
  await page.waitForSelector('h1:has-text("Notes of ada")')
  return page
}

// The notes as the page shows them.
export async function notes(page) {
  await page.reload()
  await page.waitForSelector('h1:has-text("Notes of ada")')
  return page.locator('#notes li').allTextContents()
}

// The rules that keep other origins off are tried only where the browser sends the cookie.
export function assertCookieSent(asked) {
  assert.match(asked.cookie ?? '', /^__Host-token=[\w-]+\.[\w-]+\.[\w-]+$/, 'the browser has sent the cookie')
}

// A form that submits itself as soon as its page is there.
export function formTo(action, fields) {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`)
  return `<form method="post" action="${action}">${inputs.join('')}</form><script>document.forms[0].submit()</script>`
}
