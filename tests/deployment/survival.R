# Curves of cohorts by R's survival: a line a cohort and time of an end, and a line for its median.
suppressPackageStartupMessages(library(survival))
given <- read.csv(commandArgs(TRUE)[1], colClasses = c(end = "character"))
digits <- function(x) format(x, digits = 17, trim = TRUE)
cat("cohort,what,time,value\n")
tell <- function(cohort, what, time, value)
  cat(paste(cohort, what, digits(time), digits(value), sep = ","), sep = "\n")
for (one in split(given, given$cohort)) {
  cohort <- one$cohort[1]
  ended <- as.integer(one$end != "")
  fit <- survfit(Surv(entry, exit, ended) ~ 1, data = one, conf.type = "log-log")
  at <- fit$n.event > 0
  tell(cohort, "median", 0, unname(summary(fit)$table["median"]))
  if (!any(at)) next
  tell(cohort, "at_risk", fit$time[at], fit$n.risk[at])
  tell(cohort, "survival", fit$time[at], fit$surv[at])
  tell(cohort, "low", fit$time[at], fit$lower[at])
  tell(cohort, "high", fit$time[at], fit$upper[at])
  kinds <- sort(unique(one$end[one$end != ""]))
  one$state <- factor(one$end, levels = c("", kinds), labels = c("censored", kinds))
  one$who <- seq_len(nrow(one))
  several <- survfit(Surv(entry, exit, state) ~ 1, data = one, id = who)
  for (kind in kinds) {
    share <- several$pstate[, match(kind, several$states)]
    tell(cohort, kind, several$time, share)
  }
}
