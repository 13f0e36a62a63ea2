import { hasAllThatTheDriverNames } from "../asterisk/interface.ts";
import interface16 from "../asterisk/interface-16.json" with { type: "json" };

hasAllThatTheDriverNames("Asterisk 16.28.0", interface16);
