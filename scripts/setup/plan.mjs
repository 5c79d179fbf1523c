/** Runs the steps of a command: each as soon as what it needs is done, nothing twice, nothing that is up to date. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { environment, runQuietly } from './child.mjs'

/** What a stamp depends on besides files: the machine, and flags that change what the compiler makes. */
const MACHINE = [process.platform, process.arch, process.env.RUSTFLAGS ?? '', process.env.CARGO_BUILD_TARGET ?? '']

export class Plan {
  #root
  #steps
  #stamps
  #terminal

  /** `steps`: name -> step (see steps.mjs), in an order in which needs come first. */
  constructor({ root, steps, stamps, terminal }) {
    this.#root = root
    this.#steps = steps
    this.#stamps = stamps
    this.#terminal = terminal
  }

  /** Names of the steps that are not up to date; those that need one of them are asked again when their turn comes. */
  stale() {
    return Object.keys(this.#steps).filter((name) => !this.#look(name).done)
  }

  #look(name) {
    const step = this.#steps[name]
    if (step.inputs === undefined) return { done: step.isDone(this.#root) }
    const fingerprint = this.#stamps.fingerprint(step.inputs, step.skip, MACHINE)
    const complete = (step.results ?? []).every((path) => existsSync(join(this.#root, path)))
    if (complete && this.#stamps.isCurrent(name, fingerprint)) return { done: true, fingerprint }
    if (complete && step.isDone?.(this.#root)) {
      this.#stamps.succeeded(name, fingerprint)
      return { done: true, fingerprint }
    }
    return { done: false, fingerprint }
  }

  /** Rejects with the first failure, after which nothing new is begun. */
  async run() {
    const begun = new Map()
    let failed = false
    const start = (name) => {
      if (!(name in this.#steps)) return Promise.resolve()
      if (!begun.has(name)) begun.set(name, perform(name))
      return begun.get(name)
    }
    const perform = async (name) => {
      for (const need of this.#steps[name].needs ?? []) await start(need)
      if (failed) return
      try {
        await this.#perform(name)
      } catch (error) {
        failed = true
        throw error
      }
    }
    await Promise.all(Object.keys(this.#steps).map(start))
  }

  async #perform(name) {
    const { done, fingerprint } = this.#look(name)
    if (done) return
    const step = this.#steps[name]
    const log = join(this.#root, '.petal/logs', `setup-${name}.log`)
    rmSync(log, { force: true })
    this.#terminal.begin(step.title, step.hint)
    const context = {
      root: this.#root,
      tell: (text) => this.#terminal.line(`  ${text}`),
      run: (command, args, { cwd = '.', env = environment(this.#root) } = {}) =>
        runQuietly({
          command,
          args,
          cwd: join(this.#root, cwd),
          env,
          log,
          onLine: (line) => this.#terminal.latest(step.title, line),
        }),
    }
    try {
      const remark = await step.run(context)
      const lost = (step.results ?? []).filter((path) => !existsSync(join(this.#root, path)))
      if (lost.length > 0) throw new Error(`${step.title}: the build ended well but did not write ${lost.join(', ')}`)
      if (fingerprint !== undefined) this.#stamps.succeeded(name, fingerprint)
      this.#terminal.end(step.title, true, remark)
    } catch (error) {
      this.#terminal.end(step.title, false)
      throw error
    }
  }
}
