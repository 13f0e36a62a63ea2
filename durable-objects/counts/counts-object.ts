import { DurableObject } from "cloudflare:workers";
import { objectClass } from "../platform/object-class.ts";
import { DeploymentCounts } from "./deployment-counts.ts";

export const CountsObject = objectClass("counts", DurableObject, (place) => new DeploymentCounts(place));
