// Runs every scenario against a provider whose issuer is an origin, and against one with a path.
//
// main.mjs RESOURCE_SERVER WORK: the program under test, and a folder for configurations and logs.

import { startProvider, startServer } from './processes.mjs'
import { faults } from './scenarios/faults.mjs'
import { rotation } from './scenarios/rotation.mjs'
import { tokens } from './scenarios/tokens.mjs'
import { accepted, refused } from './tokens.mjs'

const scenarios = { ...tokens, ...rotation, ...faults }
const kinds = [...accepted, ...refused]
let passed = 0
let failed = 0

async function run(name, scenario, path, provider) {
  const began = performance.now()
  const servers = []
  const serve = async (issuer = provider.issuer, options = {}) => {
    const server = await startServer(issuer, { kinds, ...options })
    servers.push(server)
    return server
  }
  let verdict = 'ok'
  try {
    await scenario({ provider, path, serve })
    passed += 1
  } catch (error) {
    verdict = `FAILED: ${error.stack}`
    failed += 1
  }
  await Promise.all(servers.map((server) => server.stop()))
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${path || '/'}: ${name} (${seconds} s) ... ${verdict}`)
}

// The two providers share nothing, so they can be asked side by side.
await Promise.all(['', '/tenant1'].map(async (path) => {
  const provider = await startProvider({ path })
  for (const [name, scenario] of Object.entries(scenarios)) {
    await run(name, scenario, path, provider)
  }
  await provider.stop()
}))

console.log(`\ntest result: ${failed === 0 ? 'ok' : 'FAILED'}. ${passed} passed; ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
