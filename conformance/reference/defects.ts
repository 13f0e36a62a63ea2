import { failoverDefects } from "./defects/failover.ts";
import { meetingDefects } from "./defects/meetings.ts";
import { wireDefects } from "./defects/wire.ts";
import type { VariantName } from "./variants.ts";

/** What the reference adapter can do wrong. */
export const defects = { ...wireDefects, ...meetingDefects, ...failoverDefects };

export type DefectName = keyof typeof defects;

/** What makes an adapter another one than the reference adapter. */
export type Deviation = DefectName | VariantName;

/** Whether the adapter has this defect, or is this variant. */
export type Defects = (name: Deviation) => boolean;
