// The two programs that play: the provider, and examples/resource_server.rs in front of it.

import { spawn } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const [binary, work] = process.argv.slice(2)
const running = new Set()

process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

// Starts a program and waits for the line that says it is ready. The rest of what it says is in the log.
async function start(name, command, args, ready, seconds) {
  const log = openSync(join(work, `${name}.log`), 'a')
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', log] })
  closeSync(log)
  running.add(child)
  const gone = new Promise((resolve) => {
    child.once('exit', () => {
      running.delete(child)
      resolve()
    })
  })
  const stop = async () => {
    child.kill('SIGKILL')
    await gone
  }
  const line = await within(seconds, `${name} to start`, new Promise((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (piece) => {
      said += piece
      const found = ready.exec(said)
      if (found) resolve(found[1])
    })
    gone.then(() => reject(new Error(`${name} ended; see ${join(work, `${name}.log`)}`)))
  }))
  return { line, stop }
}

function within(seconds, what, promise) {
  let timer
  const late = new Promise((_, reject) => {
    const error = new Error(`waited ${seconds} s for ${what}`)
    timer = setTimeout(() => reject(error), seconds * 1000)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

export async function startProvider({ port = 0, path = '' }) {
  const args = [join(here, 'provider', 'main.mjs'), String(port), '--path', path]
  const { line, stop } = await start('provider', process.execPath, args, /^(\{.*\})\n/, 60)
  const { issuer, admin } = JSON.parse(line)
  return {
    issuer,
    stop,
    async admin(task, told = {}) {
      const response = await fetch(admin + task, { method: 'POST', body: JSON.stringify(told) })
      if (!response.ok) throw new Error(`${task}: ${response.status}`)
      return response.json()
    },
    // The machine's own token for this resource.
    async token(kind) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa('machine:of-the-machine')}` },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          scope: 'api:read',
          resource: `https://api.example/${kind}`,
        }),
      })
      if (!response.ok) throw new Error(`no token for ${kind}: ${await response.text()}`)
      return (await response.json()).access_token
    },
  }
}

let servers = 0

// A resource server that trusts this issuer, by discovery alone.
export async function startServer(issuer, { kinds, leeway = 60 }) {
  servers += 1
  const config = join(work, `server-${servers}.toml`)
  const audience = kinds.map((kind) => `"https://api.example/${kind}"`).join(', ')
  writeFileSync(config, [
    'listen = "127.0.0.1:0"',
    '[[issuer]]',
    `issuer = "${issuer}"`,
    `audience = [${audience}]`,
    `leeway_seconds = ${leeway}`,
    'keys = { discover = true }',
  ].join('\n'))
  const ready = /^listening on (http:\S+)$/m
  const { line: url, stop } = await start('server', binary, ['--config', config], ready, 60)
  return { stop, get: (token, path = '/claims') => get(url + path, token) }
}

async function get(url, token) {
  const began = performance.now()
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(url, { headers })
  const body = await response.text()
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate') ?? '',
    retryAfter: response.headers.get('retry-after'),
    body,
    took: performance.now() - began,
  }
}
