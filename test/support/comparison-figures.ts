/** When and on what planted figures were made. */
export const plantedCircumstances = {
  madeAt: '2026-11-27T00:00:00.000Z',
  quick: false,
  machine: {
    processor: 'a processor',
    cores: 2,
    memoryGigabytes: 4,
    system: 'a system',
    loadAtStart: 0,
    pinning: null,
  },
  versions: { node: 'v24.0.0' },
  settings: { rounds: 3 },
}

/** A turn in which nothing matters but what a test changes. */
export const plantedMeasure = {
  requests: 1_000,
  requestsPerSecond: 1_000,
  p50: 1,
  p99: 2,
  cpuMicroseconds: 100,
  rssMegabytes: 100,
}
