/** The one table of all codecs: by the names that routes and profiles call them. */
import { autoPlan } from "./codecs/auto.ts";
import { awsShadowPlan } from "./codecs/aws-shadow.ts";
import { azureIotPlan } from "./codecs/azure-iot.ts";
import { cborPlan } from "./codecs/cbor.ts";
import { chirpstackPlan } from "./codecs/chirpstack.ts";
import { cloudEventsPlan } from "./codecs/cloud-events.ts";
import { esphomePlan } from "./codecs/esphome.ts";
import { homeAssistantPlan } from "./codecs/home-assistant.ts";
import { homiePlan } from "./codecs/homie.ts";
import { jsonPlan } from "./codecs/json.ts";
import { lineProtocolPlan } from "./codecs/line-protocol.ts";
import { rtl433DevicesPlan, rtl433Plan } from "./codecs/rtl433.ts";
import { ruuviPlan } from "./codecs/ruuvi.ts";
import { scalarPlan } from "./codecs/scalar.ts";
import { senmlCborPlan } from "./codecs/senml-cbor.ts";
import { senmlJsonPlan } from "./codecs/senml-json.ts";
import { shellyGen1Plan } from "./codecs/shelly-gen1.ts";
import { shellyGen2Plan, shellyGen2StatusPlan } from "./codecs/shelly-gen2.ts";
import { SparkplugHost } from "./codecs/sparkplug-host.ts";
import { sparkplugPlans } from "./codecs/sparkplug.ts";
import { tasmotaPlan } from "./codecs/tasmota.ts";
import { theThingsStackPlan } from "./codecs/the-things-stack.ts";
import { zigbee2mqttPlan } from "./codecs/zigbee2mqtt.ts";
import { readFields } from "./codecs/fields.ts";
import type { Decoders, PlanMakers } from "./ingest/decode-plans.ts";

/**
 * Makes the plan of a topic, for every codec.
 *
 * @param sparkplug - What the gateway knows of edge nodes; where missing, nothing yet.
 */
export function codecMakers(sparkplug: SparkplugHost = new SparkplugHost()): PlanMakers {
  return {
    auto: autoPlan,
    json: jsonPlan,
    cbor: cborPlan,
    scalar: scalarPlan,
    "senml-json": senmlJsonPlan,
    "senml-cbor": senmlCborPlan,
    "line-protocol": lineProtocolPlan,
    "cloud-events": cloudEventsPlan,
    "home-assistant": homeAssistantPlan,
    homie: homiePlan,
    tasmota: tasmotaPlan,
    "shelly-gen1": shellyGen1Plan,
    "shelly-gen2": shellyGen2Plan,
    "shelly-gen2-status": shellyGen2StatusPlan,
    zigbee2mqtt: zigbee2mqttPlan,
    esphome: esphomePlan,
    "the-things-stack": theThingsStackPlan,
    chirpstack: chirpstackPlan,
    ruuvi: ruuviPlan,
    rtl433: rtl433Plan,
    "rtl433-devices": rtl433DevicesPlan,
    "aws-shadow": awsShadowPlan,
    "azure-iot": azureIotPlan,
    sparkplug: sparkplugPlans(sparkplug),
  };
}

/** The codecs, and what looks at payloads before them. */
export function decoders(sparkplug: SparkplugHost = new SparkplugHost()): Decoders {
  return { makers: codecMakers(sparkplug), readFields };
}
