package deepflow.report;

import deepflow.tensor.DeviceInfo;
import deepflow.tensor.ProductPrecision;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// The devices that are there, and why others are not.
///
/// @param devices that can be used
/// @param missing by kind of device, one sentence: what is missing and how to get it
public record DevicesReport(List<DeviceInfo> devices, Map<String, String> missing) {
    private static final double GIB = 1L << 30;

    /// One line for each device.
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (DeviceInfo d : devices) {
            String more = d.properties().entrySet().stream()
                    .map(e -> ", " + e.getKey() + " " + e.getValue())
                    .collect(Collectors.joining());
            lines.add(String.format(
                    Locale.ROOT,
                    "%-7s %s, %.1f GiB, products in %s%s",
                    d.id(),
                    d.name(),
                    d.memory() / GIB,
                    String.join(" ", products(d)),
                    more));
        }
        return lines;
    }

    /// `{"devices":[{"device", "name", "memory", "matmul_precisions":[…], "properties":{…}}], "missing":{kind:
    /// sentence}}`.
    public String json() {
        return Json.text(json -> {
            json.writeStartObject();
            json.writeName("devices").writeStartArray();
            for (DeviceInfo d : devices) {
                json.writeStartObject();
                json.writeStringProperty("device", d.id().toString());
                json.writeStringProperty("name", d.name());
                json.writeNumberProperty("memory", d.memory());
                json.writeName("matmul_precisions").writeStartArray();
                products(d).forEach(json::writeString);
                json.writeEndArray();
                json.writeName("properties").writeStartObject();
                d.properties().forEach(json::writeStringProperty);
                json.writeEndObject().writeEndObject();
            }
            json.writeEndArray();
            json.writeName("missing").writeStartObject();
            missing.forEach(json::writeStringProperty);
            json.writeEndObject().writeEndObject();
        });
    }

    private static List<String> products(DeviceInfo d) {
        return d.products().stream().sorted().map(ProductPrecision::toString).toList();
    }
}
