"""Coverage: insurances of clients, and agreements to pay by themselves on a sliding scale."""
