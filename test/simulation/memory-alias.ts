import { Alias, type AliasPorts } from "../../durable-objects/alias.ts";

/** An alias whose disk is this memory, and whose handle nobody uses for long. */
export function memoryAlias(now: () => number, more: Partial<AliasPorts> = {}): Alias {
  const disk = new Map();
  return new Alias({
    kv: { get: (key) => disk.get(key), put: (key, claim) => void disk.set(key, claim) },
    now,
    setAlarm: () => {},
    retentionMs: () => 7 * 86_400_000,
    isHeld: async () => false,
    forget: async () => disk.clear(),
    ...more,
  });
}
