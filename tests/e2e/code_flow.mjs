// A user's access token by the authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636): logs in
// and consents on the pages that oidc-provider has for development, as a browser would.

import { createHash, randomBytes } from 'node:crypto'

const callback = 'http://127.0.0.1/cb'

class Browser {
  #cookies = new Map()

  async go(url, init = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (value) this.#cookies.set(name, value)
      else this.#cookies.delete(name)
    }
    const location = response.headers.get('location')
    return { next: location && new URL(location, url).href, page: await response.text() }
  }
}

export async function userToken(issuer, { subject, resource }) {
  const verifier = randomBytes(32).toString('base64url')
  const question = new URLSearchParams({
    client_id: 'web',
    response_type: 'code',
    redirect_uri: callback,
    scope: 'openid offline_access api:read',
    prompt: 'consent',
    resource,
    code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  })
  const code = await authorize(`${issuer}/auth?${question}`, subject)
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: 'web',
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback,
      code_verifier: verifier,
      resource,
    }),
  })
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`)
  return (await response.json()).access_token
}

// Follows redirects and fills in the forms until the provider sends the browser back.
async function authorize(url, subject) {
  const browser = new Browser()
  let init
  for (let step = 0; step < 16; step += 1) {
    if (url.startsWith(callback)) return new URL(url).searchParams.get('code')
    const { next, page } = await browser.go(url, init)
    init = undefined
    if (next) {
      url = next
      continue
    }
    const [, prompt] = /name="prompt" value="(\w+)"/.exec(page) ?? []
    const [, action] = /action="([^"]+)"/.exec(page) ?? []
    if (!prompt) throw new Error(`no form: ${page.slice(0, 300)}`)
    url = new URL(action, url).href
    init = { method: 'POST', body: new URLSearchParams({ prompt, login: subject, password: 'x' }) }
  }
  throw new Error(`the provider never came back from ${url}`)
}
