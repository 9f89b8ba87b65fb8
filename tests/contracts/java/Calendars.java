import java.io.FileInputStream;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.time.temporal.Temporal;
import net.fortuna.ical4j.data.CalendarBuilder;
import net.fortuna.ical4j.model.Calendar;
import net.fortuna.ical4j.model.Component;
import net.fortuna.ical4j.model.Period;
import net.fortuna.ical4j.model.component.VEvent;

/** Prints when each event of a calendar is held, as ical4j reads it: a line an occurrence. */
public class Calendars {
  public static void main(String[] given) throws Exception {
    Calendar calendar;
    try (FileInputStream file = new FileInputStream(given[0])) {
      calendar = new CalendarBuilder().build(file);
    }
    Period<Temporal> always = new Period<>(at("2020-01-01T00:00:00Z"), at("2040-01-01T00:00:00Z"));
    for (VEvent event : calendar.<VEvent>getComponents(Component.VEVENT)) {
      for (Period<Temporal> held : event.<Temporal>calculateRecurrenceSet(always)) {
        System.out.println(
            String.join(
                "\t",
                event.getUid().get().getValue(),
                instant(held.getStart()),
                instant(held.getEnd()),
                event.getSequence().getValue(),
                event.getStatus().getValue()));
      }
    }
  }

  private static Temporal at(String text) {
    return ZonedDateTime.parse(text);
  }

  private static String instant(Temporal time) {
    if (time instanceof OffsetDateTime offset) return offset.toInstant().toString();
    return Instant.from(time).toString();
  }
}
