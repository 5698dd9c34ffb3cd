// An OpenID provider on 127.0.0.1 that can be told to rotate its keys and to misbehave.
//
// node main.mjs [PORT] [--path /tenant1]: prints {"issuer": …, "admin": …} once it answers.
// POST to `admin` with a JSON object changes it:
//   rotate          {"mode": "add" | "promote" | "replace"}: publish new keys, sign with them, drop the old ones
//   lifetime        {"seconds": 300}: of the access tokens that are made from now on
//   tamper          {"header": {…}, "payload": {…}}: put into tokens before they are signed; null takes out
//   jwks            {"mode": "normal" | a name of faults.mjs, "elsewhere": URL of the redirect}
//   discovery       {"mode": "normal" | "rfc8414"}: whether OpenID's own metadata is there
//   counters        answers how often keys and metadata were asked for, and sets that back to 0

import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { Provider } from 'oidc-provider'
import { faults, sendJson } from './faults.mjs'
import { algorithms, newKeys } from './keys.mjs'
import { settings } from './settings.mjs'

// Standard output is for the one line.
console.info = console.warn = console.error

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { path: { type: 'string', default: '' } },
})
const { path } = options

const state = { lifetime: 300, tamper: () => {} }
let counters = { jwks: 0, metadata: 0 }
let jwks = { mode: 'normal' }
let discovery = 'normal'
let keys = newKeys()
let issuer
let handler

function rebuild() {
  const provider = new Provider(issuer, settings(keys, state))
  provider.on('server_error', (_, error) => console.error('server_error', error))
  handler = provider.callback()
}

// oidc-provider signs with the first key that fits.
const rotations = {
  add: () => [...keys, ...newKeys()],
  promote: () => [...keys.slice(algorithms.length), ...keys.slice(0, algorithms.length)],
  replace: newKeys,
}

// oidc-provider asks that there be an `aud`; this one is there until it is written as JSON.
const absent = { toJSON: () => undefined }

function change(object, changes = {}) {
  for (const [name, value] of Object.entries(changes)) object[name] = value ?? absent
}

const admin = {
  rotate: ({ mode }) => {
    keys = rotations[mode]()
    rebuild()
  },
  lifetime: ({ seconds }) => {
    state.lifetime = seconds
  },
  tamper: ({ header, payload }) => {
    state.tamper = (jwt) => {
      jwt.header ??= {}
      change(jwt.header, header)
      change(jwt.payload, payload)
    }
  },
  jwks: (told) => {
    jwks = told
  },
  discovery: ({ mode }) => {
    discovery = mode
  },
  counters: () => {
    const before = counters
    counters = { jwks: 0, metadata: 0 }
    return before
  },
}

async function administer(request, response) {
  let body = ''
  for await (const piece of request) body += piece
  const task = admin[request.url.slice('/admin/'.length)]
  sendJson(response, task(JSON.parse(body || '{}')) ?? {})
}

function notFound(response) {
  response.statusCode = 404
  response.end()
}

function serve(request, response) {
  // RFC 8414 §3.1 puts its name between the host and the path of the issuer.
  if (request.url === `/.well-known/oauth-authorization-server${path}`) {
    request.url = `${path}/.well-known/oauth-authorization-server`
  }
  if (!request.url.startsWith(path)) return notFound(response)
  request.originalUrl = request.url
  request.url = request.url.slice(path.length) || '/'
  if (request.url.startsWith('/.well-known/')) counters.metadata += 1
  if (request.url === '/.well-known/openid-configuration' && discovery === 'rfc8414') {
    return notFound(response)
  }
  if (request.url === '/jwks') {
    counters.jwks += 1
    const fault = faults[jwks.mode]
    if (fault) return fault(response, { keys, elsewhere: jwks.elsewhere })
  }
  handler(request, response)
}

const server = createServer((request, response) => {
  if (!request.url.startsWith('/admin/')) return serve(request, response)
  administer(request, response).catch((error) => {
    console.error(error)
    response.statusCode = 400
    response.end()
  })
})
server.listen(Number(positionals[0] ?? 0), '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${server.address().port}`
  issuer = origin + path
  rebuild()
  console.log(JSON.stringify({ issuer, admin: `${origin}/admin/` }))
})
