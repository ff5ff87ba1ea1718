"""Every table of the service: importing this module completes ``Base.metadata``."""

from casa import idempotency
from casa.accidents import models as accidents
from casa.agencies import models as agencies
from casa.alerts import models as alerts
from casa.audience import models as audience
from casa.database import Base
from casa.delivery import models as delivery
from casa.disasters import models as disasters
from casa.missing_persons import models as missing_persons

PACKAGES = (
    agencies,
    alerts,
    accidents,
    missing_persons,
    disasters,
    audience,
    delivery,
    idempotency,
)

metadata = Base.metadata
