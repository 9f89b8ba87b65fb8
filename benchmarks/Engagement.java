import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.*;
import java.nio.ByteBuffer;
import java.time.*;
import java.util.*;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.processor.api.*;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.*;

/**
 * A peer of the engagement worker: Kafka Streams computes the same figures of sessions attended.
 * State with a changelog, at least once, and one answer an event, all as its makers set it.
 * Arguments: a file with the settings of the client, the topics of attendance and of answers.
 */
public class Engagement implements Processor<String, byte[], String, byte[]> {
    static final ObjectMapper JSON = new ObjectMapper();
    static final int HEAD = 28, ROW = 74, KEPT = 56, WINDOW = 28, WEEK = 7;
    ProcessorContext<String, byte[]> context;
    KeyValueStore<String, byte[]> windows;

    public static void main(String[] given) throws IOException {
        Properties settings = new Properties();
        try (Reader file = new FileReader(given[0])) { settings.load(file); }
        var text = Serdes.String(); var bytes = Serdes.ByteArray();
        var store = Stores.persistentKeyValueStore("windows");
        Topology topology = new Topology();
        topology.addSource("told", text.deserializer(), bytes.deserializer(), given[1]);
        topology.addProcessor("engagement", Engagement::new, "told");
        topology.addStateStore(Stores.keyValueStoreBuilder(store, text, bytes), "engagement");
        topology.addSink("answers", given[2], text.serializer(), bytes.serializer(), "engagement");
        KafkaStreams streams = new KafkaStreams(topology, settings);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
        streams.start();
    }

    @Override public void init(ProcessorContext<String, byte[]> given) {
        windows = (context = given).getStateStore("windows");
    }

    @Override public void process(Record<String, byte[]> told) {
        if (!"org.stepwell.scheduling.SessionAttended.v1".equals(text(told.headers(), "ce_type")))
            return;
        try {
            long sequence = Long.parseLong(text(told.headers(), "ce_sequence"));
            JsonNode event = JSON.readTree(told.value());
            ZoneId zone = ZoneId.of(event.get("time_zone").asText());
            byte[] window = withEvent(windows.get(told.key()), event, zone, sequence);
            windows.put(told.key(), window);
            var answer = told.withValue(figures(told.key(), window, zone));
            context.forward(answer.withHeaders(headers(told.key())));
        } catch (IOException unreadable) { throw new UncheckedIOException(unreadable); }
    }

    /** A session as it is kept; minutes are those scheduled, attended and late. */
    record Session(long start, UUID id, long sequence, UUID stay, UUID cohort, int day,
        int scheduled, int attended, int late) {
        void write(ByteBuffer out) {
            put(put(put(out.putLong(start), id).putLong(sequence), stay), cohort).putInt(day)
                .putShort((short) scheduled).putShort((short) attended).putShort((short) late);
        }
    }

    /** A state is its site, sequence and latest day, and the sessions in the order of starts. */
    static byte[] withEvent(byte[] known, JsonNode event, ZoneId zone, long sequence) {
        ByteBuffer before = ByteBuffer.wrap(known == null ? new byte[HEAD] : known);
        Instant start = Instant.parse(event.get("starts_at").asText());
        Session told = new Session(start.toEpochMilli(), uuid(event, "session_id"), sequence,
            uuid(event, "enrolment_id"), uuid(event, "cohort_id"),
            (int) start.atZone(zone).toLocalDate().toEpochDay(),
            event.get("scheduled_minutes").asInt(), event.get("attended_minutes").asInt(),
            event.path("minutes_late").asInt());
        int latest = Math.max(told.day, before.getInt(24));
        List<Session> sessions = new ArrayList<>();
        for (Session one : sessions(before)) {
            if (one.id.equals(told.id)) told = one.sequence < sequence ? told : one;
            else if (one.day > latest - KEPT) sessions.add(one);
        }
        sessions.add(told);
        sessions.sort(Comparator.comparingLong(Session::start));
        ByteBuffer after = ByteBuffer.allocate(HEAD + ROW * sessions.size());
        put(after, uuid(event, "site_id")).putLong(Math.max(sequence, before.getLong(16)))
            .putInt(latest);
        sessions.forEach(one -> one.write(after));
        return after.array();
    }

    static List<Session> sessions(ByteBuffer in) {
        var found = new ArrayList<Session>();
        for (in.position(HEAD); in.hasRemaining(); ) found.add(new Session(in.getLong(), uuid(in),
            in.getLong(), uuid(in), uuid(in), in.getInt(), in.getShort(), in.getShort(),
            in.getShort()));
        return found;
    }

    static byte[] figures(String client, byte[] window, ZoneId zone) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(window);
        List<Session> all = sessions(in);
        Session last = all.get(all.size() - 1);
        List<Session> counted = all.stream()
            .filter(one -> one.stay.equals(last.stay) && last.day - one.day < WINDOW).toList();
        Instant until = Instant.ofEpochMilli(last.start);
        ObjectNode told = JSON.createObjectNode()
            .put("client_id", client).put("site_id", uuid(in.position(0)).toString())
            .put("enrolment_id", last.stay.toString()).put("cohort_id", last.cohort.toString())
            .put("source_stream", "scheduling").put("source_sequence", in.getLong(16))
            .put("window_from", until.atZone(zone).minusDays(WINDOW).toInstant().toString())
            .put("window_until", until.toString()).put("last_attended_at", until.toString())
            .put("days_since_attended", 0).put("consecutive_attended", counted.size())
            .put("consecutive_missed", 0)
            .put("weeks_observed", (last.day - counted.get(0).day) / WEEK + 1)
            .put("sessions_late", counted.stream().filter(one -> one.late > 0).count())
            .put("late_minutes", counted.stream().mapToInt(Session::late).sum());
        count(told, "", counted);
        count(told, "week_", counted.stream().filter(one -> last.day - one.day < WEEK).toList());
        return JSON.writeValueAsBytes(told);
    }

    static void count(ObjectNode told, String period, List<Session> sessions) {
        int attended = 0, scheduled = 0;
        for (Session one : sessions) { attended += one.attended; scheduled += one.scheduled; }
        told.put(period + "sessions_attended", sessions.size()).put(period + "sessions_missed", 0)
            .put(period + "sessions_excused", 0).put(period + "attended_minutes", attended)
            .put(period + "missed_minutes", scheduled - attended).put(period + "excused_minutes", 0);
    }

    static Headers headers(String client) {
        var told = Map.of("ce_specversion", "1.0", "ce_id", UUID.randomUUID().toString(),
            "ce_source", "/stepwell/engagement", "ce_time", Instant.now().toString(),
            "ce_type", "org.stepwell.engagement.EngagementChanged.v1", "ce_subject", client,
            "ce_dataschema", "urn:stepwell:schema:engagement.EngagementChanged.v1.2",
            "content-type", "application/json");
        Headers made = new RecordHeaders();
        told.forEach((name, value) -> made.add(name, value.getBytes()));
        return made;
    }

    static String text(Headers told, String name) { return new String(told.lastHeader(name).value()); }

    static UUID uuid(JsonNode told, String name) { return UUID.fromString(told.get(name).asText()); }

    static UUID uuid(ByteBuffer in) { return new UUID(in.getLong(), in.getLong()); }

    static ByteBuffer put(ByteBuffer out, UUID id) {
        return out.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    }
}
