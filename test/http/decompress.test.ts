import { randomBytes } from "node:crypto";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { expect, test, vi } from "vitest";
import { decompress } from "../../src/http/webex/decompress.ts";
import { FakeEdge, timers } from "./fake-edge.ts";

const mib = 1024 * 1024;
const document = `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>52491000001</TransID><W2A_CreateConference
  MsgID="11" WbxHostName="tsp1.example.com:80" ExtConfID="7000001" ConfKey="555111222"/></WbxTSPSchema>`;
const confirmed = async (response: Response) => [
  response.status,
  /<TransID>(\d*)<\/TransID>\s*<Confirmation Result="(-?\d+)"/.exec(await response.text())?.slice(1),
];

test.each<[string, (text: string) => Uint8Array<ArrayBuffer>]>([
  ["gzip", gzipSync],
  ["GZIP", gzipSync],
  ["x-gzip", gzipSync],
  ["deflate", deflateSync],
  ["identity", Buffer.from],
])("a document with Content-Encoding %s is read as it was before (protocol T8)", async (encoding, compress) => {
  const edge = new FakeEdge();

  const response = await edge.post(compress(document), { "content-encoding": encoding });

  expect(await confirmed(response)).toEqual([200, ["52491000001", "0"]]);
  expect(edge.received.get("555111222")?.map(({ type }) => type)).toEqual(["create-conference"]);
});

const gzip = gzipSync(document);

test.each<[string, string, Uint8Array<ArrayBuffer>, RegExp]>([
  ["is no gzip", "gzip", Buffer.from(document), /not all of it is gzip/],
  ["breaks off", "gzip", gzip.subarray(0, -9), /not all of it is gzip/],
  ["has a wrong checksum", "gzip", Buffer.concat([gzip.subarray(0, -8), Buffer.alloc(8)]), /not all of it is gzip/],
  ["goes on behind its end", "gzip", Buffer.concat([gzip, Buffer.from("more")]), /not all of it is gzip/],
  ["is of brotli", "br", brotliCompressSync(document), /neither gzip nor deflate/],
  ["is compressed twice", "gzip, gzip", gzipSync(gzip), /neither gzip nor deflate/],
  ["has an encoding that every object has", "constructor", gzip, /neither gzip nor deflate/],
])(
  "a document that %s gets the Confirmation of one that is no XML, and the log says why (protocol T8)",
  async (_what, encoding, body, why) => {
    const edge = new FakeEdge();

    const response = await edge.post(body, { "content-encoding": encoding });

    expect(await confirmed(response)).toEqual([200, ["", "-2"]]);
    expect(edge.calls).toEqual([]);
    expect(edge.logged).toEqual(["document-refused"]);
    const read = await decompress(body, encoding, mib, timers);
    expect(read).toMatchObject({ ok: false, error: { says: expect.stringMatching(why) } });
  },
);

test("a compressed document of 1 MiB is read, and one byte more is 413 (protocol T8)", async () => {
  const edge = new FakeEdge();
  const post = (length: number) => edge.post(gzipSync(" ".repeat(length)), { "content-encoding": "gzip" });

  expect((await post(mib)).status).toBe(200);
  expect((await post(mib + 1)).status).toBe(413);
});

test.each([
  ["documents", Buffer.from(document.repeat(3_000))],
  ["chance", randomBytes(mib - 1_000)],
])("what was compressed of %s comes out as it was", async (_what, bytes) => {
  const read = await decompress(gzipSync(bytes), "gzip", mib, timers);

  expect(read.ok && Buffer.compare(read.value, bytes)).toBe(0);
});

/** As workerd's: it takes each piece at once, and all that becomes of it waits in memory. */
class EagerStream {
  static made = 0;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;

  constructor() {
    EagerStream.made = 0;
    let controller: ReadableStreamDefaultController<Uint8Array>;
    this.readable = new ReadableStream({
      start: (itself) => {
        controller = itself;
      },
    });
    this.writable = new WritableStream({
      write: ({ byteLength }) => {
        EagerStream.made += 1_000 * byteLength;
        for (let chunk = 0; chunk < 1_000; chunk += 1) controller.enqueue(new Uint8Array(byteLength));
      },
      close: () => controller.close(),
    });
  }
}

test("of a body that becomes a thousand times as long a little more is made than the limit, and not all of it (protocol T8)", async () => {
  vi.stubGlobal("DecompressionStream", EagerStream);
  try {
    const read = await decompress(new Uint8Array(mib), "gzip", mib, timers);
    expect(read).toMatchObject({ ok: false, error: { kind: "too-long" } });
  } finally {
    vi.unstubAllGlobals();
  }
  expect(EagerStream.made).toBeLessThan(5 * mib);
});
