import { inject } from "vitest";
import { hasAllThatTheDriverNames, interfaceIn } from "./interface.ts";

for (const { version, data } of inject("asterisks")) hasAllThatTheDriverNames(version, interfaceIn(data));
