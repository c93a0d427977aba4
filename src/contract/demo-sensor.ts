/** The sensor that the bundled capture is replayed as. Its traffic never happened here: nothing is blocked in earnest for it. */
export const DEMO_SENSOR = 'demo';
