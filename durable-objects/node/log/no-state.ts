/**
 * What is there is nothing that this release may write to. The name tells it from faults of a disk, beyond
 * a bundle.
 */
export class NoState extends Error {
  override readonly name = "NoState";
}
