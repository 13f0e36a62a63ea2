/** Milliseconds of processor time that this thread needs for some work: what else the machine does takes no part. */
export function costMs(work: () => unknown): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
