// What the browser talks to: the examples, each behind a proxy that keeps what was asked, and pages of another origin.
//
// Origins differ by their port alone. Another host would be another site, to which no cookie with `SameSite=Strict` is
// sent: all rules about cookies would seem to hold.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'

const [, examples, work] = process.argv.slice(2)
const running = new Set()

process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

export function within(seconds, what, promise) {
  let timer
  const late = new Promise((_, reject) => {
    const error = new Error(`waited ${seconds} s for ${what}`)
    timer = setTimeout(() => reject(error), seconds * 1000)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

// An example on a port of its own. `seen` has each request as the browser sent it, with the status of its answer.
export async function startExample(name) {
  const log = openSync(join(work, `${name}.log`), 'a')
  const env = { ...process.env, PORT: '0' }
  const child = spawn(join(examples, name), { stdio: ['ignore', 'pipe', log], env })
  closeSync(log)
  running.add(child)
  child.once('exit', () => running.delete(child))
  const port = await within(20, `${name} to start`, new Promise((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (piece) => {
      said += piece
      const found = /^listening on http:\/\/127\.0\.0\.1:(\d+)$/m.exec(said)
      if (found) resolve(Number(found[1]))
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`${name} ended; see ${join(work, `${name}.log`)}`)))
  }))
  const { seen, server } = proxy(port)
  const url = await listen(server)
  const stop = () => {
    child.kill('SIGKILL')
    server.close()
    server.closeAllConnections()
  }
  // The one request of this method and path, once it is answered.
  const asked = async (method, path) => {
    const find = () => seen.filter((one) => one.method === method && one.path === path)
    await within(5, `${method} ${path}`, (async () => {
      while (find().length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    })())
    assert.equal(find().length, 1, `${method} ${path}: asked once`)
    return find()[0]
  }
  return { url, seen, asked, stop }
}

// Passes everything on as it is, sockets too, and answers likewise.
function proxy(port) {
  const seen = []
  const forward = ({ method, url: path, headers, rawHeaders }) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers: rawHeaders })
    const keep = ({ statusCode: status }) => seen.push({
      method,
      path,
      status,
      cookie: headers.cookie,
      origin: headers.origin,
      site: headers['sec-fetch-site'],
      protocols: headers['sec-websocket-protocol'],
    })
    return asked.on('response', keep).on('upgrade', keep)
  }
  const server = createServer((asks, answers) => {
    const asked = forward(asks)
    asked.on('response', (answer) => {
      answers.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders)
      answer.pipe(answers)
    })
    asked.on('error', () => answers.destroy())
    asks.pipe(asked)
  })
  server.on('upgrade', (asks, near, nearHead) => {
    const asked = forward(asks)
    const head = ({ statusCode, statusMessage, rawHeaders }) => {
      const lines = rawHeaders.flatMap((text, at) => (at % 2 ? [] : `${text}: ${rawHeaders[at + 1]}`))
      near.write([`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, '', ''].join('\r\n'))
    }
    asked.on('upgrade', (answer, far, farHead) => {
      head(answer)
      near.write(farHead)
      far.write(nearHead)
      near.pipe(far).pipe(near)
      far.on('error', () => near.destroy())
      near.on('close', () => far.destroy())
    })
    asked.on('response', (answer) => {
      head(answer)
      answer.pipe(near)
    })
    asked.on('error', () => near.destroy())
    near.on('error', () => asked.destroy())
    asked.end()
  })
  return { seen, server }
}

async function listen(server) {
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return `http://127.0.0.1:${server.address().port}`
}

// Pages that somebody else serves: `page(html)` is the address of one.
export async function startForeign() {
  const pages = new Map()
  const server = createServer(({ url }, answers) => {
    answers.setHeader('content-type', 'text/html')
    answers.end(pages.get(url) ?? '')
  })
  const url = await listen(server)
  const page = (html) => {
    const path = `/${pages.size}`
    pages.set(path, `<!doctype html><title>foreign</title>${html}`)
    return url + path
  }
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url, page, stop }
}
