// Runs every scenario, each in a fresh profile of one browser and against servers of its own.
//
// main.mjs CHROMIUM EXAMPLES WORK: the browser, the folder of the built examples, and one for profiles and logs.

import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { chromium } from 'playwright-core'
import { cookies } from './scenarios/cookies.mjs'
import { demo } from './scenarios/demo.mjs'
import { otherOrigins } from './scenarios/other_origins.mjs'
import { sockets } from './scenarios/sockets.mjs'
import { startExample, startForeign, within } from './servers.mjs'

const [executablePath, , work] = process.argv.slice(2)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1))

// The profile, crash reports and caches: nothing of the user's own browser is read or written.
const env = { ...process.env, HOME: join(work, 'home'), TMPDIR: join(work, 'tmp') }
process.env.TMPDIR = env.TMPDIR
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']
const browser = await chromium.launch({ executablePath, args, env })
console.log(`Chromium ${browser.version()}`)

let passed = 0
let failed = 0

async function run(name, scenario) {
  const began = performance.now()
  const servers = []
  const serve = async (starting) => {
    const server = await starting
    servers.push(server)
    return server
  }
  const context = await browser.newContext()
  context.setDefaultTimeout(10_000)
  let verdict = 'ok'
  try {
    await within(20, 'the scenario', scenario({
      context,
      example: (name) => serve(startExample(name)),
      foreign: () => serve(startForeign()),
    }))
    passed += 1
  } catch (error) {
    const seen = servers.flatMap((server) => server.seen ?? []).map((one) => JSON.stringify(one))
    verdict = ['FAILED', stripVTControlCharacters(error.stack), 'what the servers were asked:', ...seen].join('\n    ')
    failed += 1
  }
  await context.close()
  servers.forEach((server) => server.stop())
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${name} (${seconds} s) ... ${verdict}`)
}

const scenarios = { ...cookies, ...demo, ...otherOrigins, ...sockets }
for (const [name, scenario] of Object.entries(scenarios)) await run(name, scenario)
await browser.close()

console.log(`\ntest result: ${failed === 0 ? 'ok' : 'FAILED'}. ${passed} passed; ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
