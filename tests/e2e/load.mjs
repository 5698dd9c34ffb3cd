// Clients that send their tokens one after the other without a pause.

import assert from 'node:assert/strict'
import { until } from './tokens.mjs'

export class Load {
  slowest = 0
  #failures = []
  #server
  #sent = new Map()
  #turn = 0
  #stopped = false
  #clients

  constructor(server, tokens, clients = 6) {
    this.#server = server
    this.add(tokens)
    this.#clients = Array.from({ length: clients }, () => this.#send())
  }

  add(tokens) {
    tokens.forEach((token) => this.#sent.set(token, 0))
  }

  // Waits until each token was answered so often from now on.
  async each(times) {
    const before = new Map(this.#sent)
    const done = () => [...before].every(([token, sent]) => this.#sent.get(token) >= sent + times)
    await until(`each token was sent ${times} times`, 60, done)
  }

  // Ends, and holds that each request was accepted.
  async stop(what) {
    this.#stopped = true
    await Promise.all(this.#clients)
    const total = [...this.#sent.values()].reduce((sum, sent) => sum + sent, 0)
    const failed = this.#failures.length
    assert.equal(failed, 0, `${what}: ${failed} of ${total} requests failed: ${this.#failures[0]}`)
  }

  async #send() {
    while (!this.#stopped) {
      const tokens = [...this.#sent.keys()]
      this.#turn += 1
      const token = tokens[this.#turn % tokens.length]
      try {
        const { status, challenge, took } = await this.#server.get(token)
        if (status !== 200) this.#failures.push(`${status} ${challenge}`)
        this.slowest = Math.max(this.slowest, took)
      } catch (error) {
        this.#failures.push(String(error))
      }
      this.#sent.set(token, this.#sent.get(token) + 1)
    }
  }
}
