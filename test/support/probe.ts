import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Test } from './environment.js'

const ASK = `
  const { parentPort, workerData } = require('node:worker_threads')
  const times = []
  let isOver = false
  parentPort.once('message', () => { isOver = true })
  const ask = async () => {
    const begun = performance.now()
    const answer = await fetch(workerData)
    await answer.text()
    if (answer.status !== 200) throw new Error('answered ' + answer.status)
    times.push(performance.now() - begun)
    if (isOver) parentPort.postMessage(times)
    else setTimeout(ask, 5)
  }
  ask()
`

/**
 * Asks that address over and over, from a thread of its own: a test that keeps its own event loop busy would measure itself.
 * @returns ends it, and says how long each answer took, in milliseconds
 */
export const startProbe = (t: Test, url: string): (() => Promise<number[]>) => {
  const worker = new Worker(ASK, { eval: true, workerData: url })
  t.teardown(() => worker.terminate())
  return async () => {
    const answered = once(worker, 'message')
    worker.postMessage('enough')
    const [times]: number[][] = await answered
    return times ?? []
  }
}
