import { type Options, UsageError } from "../options.ts";
import type { Ports } from "../ports.ts";
import { splitAddress } from "../ports-node.ts";
import { type Ask, TelephonesByHand } from "./by-hand.ts";
import { ControlledTelephones } from "./control.ts";
import { noTelephones } from "./none.ts";
import { SipTelephones } from "./sip.ts";
import type { Telephones } from "./telephones.ts";

/** The telephones that the options name. Throws a `UsageError`. */
export async function telephonesOf(ports: Ports, options: Options, ask: Ask): Promise<Telephones> {
  const ways = [options.bridge, options.phones, options.byHand].filter((way) => way !== undefined);
  if (ways.length > 1) throw new UsageError("choose one of --bridge, --phones and --by-hand");
  if (options.bridge !== undefined) return controlled(ports, options.bridge, options.numbers);
  if (options.phones !== undefined) return overSip(ports, options);
  return options.byHand ? new TelephonesByHand(ask, options.callee, options.patience * 1000) : noTelephones;
}

async function controlled(ports: Ports, url: string, numbers: string): Promise<Telephones> {
  const telephones = new ControlledTelephones(ports, url, numbers);
  try {
    await telephones.state();
    return telephones;
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`no control interface of a bridge at ${url} (${message}); give its address with --bridge`);
  }
}

async function overSip(ports: Ports, { phones, dialIn = "", trunk = "", sipp, numbers }: Options): Promise<Telephones> {
  if (phones !== "sip") throw new UsageError(`there are no telephones "${phones}"; --phones takes sip`);
  const [, number, address] = /^sip:(\+?\d+)@(.+)$/.exec(dialIn) ?? [];
  if (!number || !address)
    throw new UsageError("with --phones sip, give what callers dial: --dial-in sip:NUMBER@HOST:PORT");
  try {
    const [bridge, own] = [splitAddress(address), splitAddress(trunk)];
    if (bridge.hostname !== "127.0.0.1" || own.hostname !== "127.0.0.1")
      throw new Error("SIP telephones work on 127.0.0.1 only");
    return await SipTelephones.start(ports, {
      program: sipp,
      dialIn: { number, port: bridge.port },
      trunkPort: own.port,
      numbers,
    });
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`no SIP telephones (${message}); see --dial-in, --trunk and --sipp`);
  }
}
